"""RabbitMQ as the broker: delays, queues of two bridges, and lost messages."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from kombu import Connection

from bridge.broker.celery_app import BridgeCelery
from bridge.broker.queues import waiting
from config import Settings
from config.broker import QUICK_QUEUE, broker_options
from tests.support.bridge_client import entries, unknown_event
from tests.support.broker_connection import refusal as refused_by
from tests.support.process import Process
from tests.support.rabbitmq import RabbitMQ
from tests.support.stack import Stack
from tests.support.waiting import wait_for

pytestmark = pytest.mark.brokers("rabbitmq")
RETRIES = 6


@pytest.fixture
def app(rabbitmq: RabbitMQ) -> Iterator[BridgeCelery]:
    """Give a Celery application with queues of its own."""
    settings = Settings.model_construct(broker_url=rabbitmq.url, namespace="a.counting")
    with BridgeCelery("counting", set_as_current=False) as app:
        app.conf.update(broker_options(settings))
        yield app


def test_a_task_is_retried_again_and_again(solo: Stack) -> None:
    """A task is retried several times; each retry gets a routing key from RabbitMQ's delay."""
    call = solo.bridge.send_call(solo.call(f"error-before-commit.{RETRIES}"))
    solo.processes["beat"].stop()  # else the sweep would make up for retries that get lost
    done = solo.bridge.reaches(call, "complete")
    assert len(entries(done, "step.deferred")) == RETRIES
    assert solo.requests(call) == [500] * RETRIES + [201]
    solo.start("beat")


def test_queues_that_are_emptied_lose_no_call(solo: Stack, rabbitmq: RabbitMQ) -> None:
    """After its queues were purged, the sweep completes every call."""
    solo.processes["worker"].stop()
    calls = [solo.bridge.send_call(solo.call()) for _ in range(3)]
    with Connection(rabbitmq.url) as connection:
        channel: Any = connection.channel()
        for queue in ("quick", "celery"):
            channel.queue_purge(f"{solo.name}:{queue}")
    solo.start("worker")
    for call in calls:
        solo.bridge.reaches(call, "complete")
        assert len(solo.engagements(call)) == 1


def test_a_worker_starts_next_to_its_dead_connection(solo: Stack) -> None:
    """A new worker starts while RabbitMQ still keeps the connection of a killed one."""
    first = solo.processes["worker"]
    first.signal(signal.SIGSTOP)  # as good as a machine that is gone: it closes nothing
    try:
        with Process(replace(first.command, name="successor"), solo.directory) as successor:

            def has_prefetched() -> bool:  # not before the first one holds all that it may
                solo.bridge.deliver([unknown_event()])
                return "event.ignored" in successor.output()

            wait_for(has_prefetched, bool, "the successor fetches tasks")
    finally:
        first.signal(signal.SIGCONT)


def test_waiting_messages_are_counted(app: BridgeCelery) -> None:
    """Waiting messages are counted in RabbitMQ; a queue that does not exist has none."""
    assert waiting(app) == 0
    name = f"a/counting:{QUICK_QUEUE}"
    for _ in range(3):
        app.send_task("a.task", queue=name)
    # Publishing is not confirmed, and a quorum counts in its own time.
    wait_for(lambda: waiting(app), lambda count: count == 3, "all three are counted")


@pytest.mark.parametrize(
    ("host", "is_known", "refusal"),
    [
        ("localhost", True, ""),
        ("localhost", False, "self-signed certificate in certificate chain"),
        ("127.0.0.1", True, "IP address mismatch"),
    ],
    ids=["known and so named", "of a stranger", "of another name"],
)
def test_over_tls_a_server_is_known_by_its_authority_and_its_name(
    monkeypatch: pytest.MonkeyPatch,
    rabbitmq: RabbitMQ,
    host: str,
    *,
    is_known: bool,
    refusal: str,
) -> None:
    """``amqps://`` verifies the authority in ``SSL_CERT_FILE`` and the host's name."""
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(rabbitmq.authority))
    error = refused_by(broker_url=rabbitmq.tls_url(host))
    assert refusal in error
    assert bool(refusal) == bool(error)
