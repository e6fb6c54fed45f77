"""Tests for reading the queue lengths: no error of a channel is raised."""

from types import SimpleNamespace
from typing import Any, Self

import pytest
from amqp.exceptions import ChannelError, NotFound

from bridge.broker.queues import waiting


class Breaking:
    """A broker whose channel raises an error when it is opened, queried or closed."""

    connection_errors = (ConnectionError,)
    channel_errors = (ChannelError,)
    transport = SimpleNamespace(driver_type="amqp")
    amqp = SimpleNamespace(queues=SimpleNamespace(consume_from={"quick": 1, "celery": 1}))

    def __init__(self, when: str, error: Exception) -> None:
        self._when, self._error = when, error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connection_for_read(self) -> Self:
        """Return this object as the connection."""
        return self

    def ensure_connection(self, max_retries: int) -> None:
        """Accept the connection, for which one try is allowed."""
        assert max_retries == 1

    def channel(self) -> Self:
        """Return this object as the channel."""
        self._break("opened")
        return self

    def queue_declare(self, _queue: str, *, passive: bool) -> SimpleNamespace:
        """Return a queue with two messages."""
        assert passive
        self._break("queried")
        return SimpleNamespace(message_count=2)

    def close(self) -> None:
        """Close the channel."""
        self._break("closed")

    def _break(self, when: str) -> None:
        if when == self._when:
            raise self._error


def waiting_in(when: str, error: Exception) -> int:
    """Return the queue length that is read from a broker with this error."""
    broker: Any = Breaking(when, error)
    return waiting(broker)


def test_messages_of_both_queues_are_counted_when_nothing_breaks() -> None:
    """Without an error the messages of both queues are counted."""
    assert waiting_in("never", ChannelError()) == 4


@pytest.mark.parametrize("when", ["opened", "queried", "closed"])
@pytest.mark.parametrize("error", [ChannelError(), NotFound(), ConnectionError(), OSError()])
def test_an_error_of_the_broker_counts_as_no_messages(when: str, error: Exception) -> None:
    """An error while reading counts as no messages, so that no worker is restarted for it."""
    assert waiting_in(when, error) == 0
