"""The patched Celery consumer survives a lost connection and requeues unstarted messages."""

import runpy
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker import state
from kombu import Connection, Queue

from bridge.broker.celery_app import BridgeCelery
from tests.support.project_files import ROOT
from tests.support.valkey import Valkey

LastingConsumer: Any = runpy.run_path(str(ROOT / "tasks" / "consumer.py"))["LastingConsumer"]
"""Loaded from its file, because importing ``tasks`` needs a worker's settings."""


def consumer(connection: Connection | None) -> Any:  # noqa: ANN401 - parts of it are replaced
    """Return a consumer without a worker."""
    one = LastingConsumer.__new__(LastingConsumer)
    one.connection, one.pool = connection, None
    one.connection_errors = (ConnectionError,)
    one.blueprint = SimpleNamespace(stop=lambda _: None)
    one.app = BridgeCelery(set_as_current=False)
    one.app.conf.update(
        worker_cancel_long_running_tasks_on_connection_loss=True,  # Celery warns if it is not set
        worker_enable_prefetch_count_reduction=False,
    )
    return one


def test_a_message_of_a_lost_connection_is_acknowledged(valkey: Valkey) -> None:
    """The acknowledgement of a message whose connection was lost raises nothing."""
    queue = Queue(f"test-{uuid.uuid4().hex}")
    taken: list[Any] = []
    connection = BridgeCelery(broker=valkey.url, set_as_current=False).connection_for_read()
    with connection.Consumer([queue], callbacks=[lambda _, message: taken.append(message)]):
        connection.Producer().publish("news", routing_key=queue.name, exchange="")
        connection.drain_events(timeout=5)
    valkey.stop()
    consumer(connection).on_connection_error_after_connected(ConnectionError("lost"))
    taken[0].channel._disconnect_pools()  # noqa: SLF001 - kombu's second closing
    valkey.start()
    taken[0].ack()
    assert taken[0].acknowledged


class FetchedMessage:
    """A message that a worker has fetched, and Celery's request for it."""

    def __init__(self, *, acknowledged: bool = False) -> None:
        self.acknowledged = acknowledged
        self.requeued = 0
        self.message = self

    def requeue(self) -> None:
        """Record that the message was requeued."""
        self.requeued += 1


def test_a_consumer_that_stops_requeues_what_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopping consumer requeues fetched messages, except running and acknowledged ones."""
    waiting, running, done = FetchedMessage(), FetchedMessage(), FetchedMessage(acknowledged=True)
    taken = {"waiting": waiting, "running": running, "done": done}
    monkeypatch.setattr(state, "requests", taken)
    monkeypatch.setattr(state, "active_requests", {running})
    consumer(None).stop()
    assert [one.requeued for one in taken.values()] == [1, 0, 0]
    assert waiting.acknowledged


def test_a_consumer_whose_broker_is_away_stops_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A consumer whose broker cannot be reached stops without an error."""
    lost = FetchedMessage()

    def requeue() -> None:
        raise ConnectionError

    monkeypatch.setattr(lost, "requeue", requeue)
    monkeypatch.setattr(state, "requests", {"lost": lost})
    consumer(None).stop()
    assert not lost.acknowledged
