"""Tests for what the bridge's Celery application does to a message before it is sent."""

from typing import Any

import pytest
from celery import Celery

from bridge.broker.celery_app import BridgeCelery

RABBITMQ = "amqp://127.0.0.1:1//"
REDIS = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("url", "countdown", "waits"),
    [
        (RABBITMQ, 0.25, 1),
        (RABBITMQ, 2.5, 3),
        (RABBITMQ, 3, 3),
        (RABBITMQ, 0, None),
        (RABBITMQ, None, None),
        (REDIS, 0.25, 0.25),
    ],
)
def test_rabbitmq_waits_whole_seconds(
    url: str, countdown: float | None, waits: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Countdowns are rounded up to whole seconds for RabbitMQ only."""
    sent: dict[str, Any] = {}
    monkeypatch.setattr(Celery, "send_task", lambda *_, **options: sent.update(options))
    BridgeCelery(broker=url, set_as_current=False).send_task("a.task", countdown=countdown)
    assert sent["countdown"] == waits
