"""Waiting messages are counted on a real broker."""

from collections.abc import Iterator

import pytest
from celery import Celery

from bridge.broker.queues import waiting
from bridge.store.keys import Keys
from config.broker import QUEUE, QUICK_QUEUE, broker_options
from config.settings import Settings
from tests.support.valkey import Valkey


def broker(url: str, namespace: str) -> Celery:
    """Return a Celery application that consumes the bridge's queues, as a worker does."""
    app = Celery("queues", set_as_current=False)
    app.conf.update(broker_options(Settings.model_construct(redis_url=url, namespace=namespace)))
    return app


@pytest.fixture
def app(valkey_url: str, keys: Keys) -> Iterator[Celery]:
    """Give a broker on the session's Valkey, in a new namespace."""
    with broker(valkey_url, keys.namespace) as app:
        yield app


def test_messages_of_all_queues_are_counted(app: Celery) -> None:
    """Messages of all queues of the namespace are counted, and no others."""
    assert waiting(app) == 0
    app.send_task("a.task", queue=QUICK_QUEUE)
    app.send_task("a.task", queue=QUEUE)
    app.send_task("a.task", queue=QUEUE)
    assert waiting(app) == 3


def test_a_queue_that_is_not_consumed_does_not_count(app: Celery) -> None:
    """Messages of a queue that the worker no longer consumes are not counted."""
    app.send_task("a.task", queue=QUICK_QUEUE)
    app.amqp.queues.deselect([QUICK_QUEUE])
    assert waiting(app) == 0


def test_nothing_waits_in_a_broker_that_is_away(valkey: Valkey) -> None:
    """The count is 0 while the broker cannot be reached, so no worker is blamed."""
    with broker(valkey.url, "away") as app:
        app.send_task("a.task", queue=QUEUE)
        valkey.stop()
        assert waiting(app) == 0
        valkey.start()
        assert waiting(app) == 1
