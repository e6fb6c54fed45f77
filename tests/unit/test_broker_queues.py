"""What waits in the broker is asked of it now and then, and no error of a channel may end that."""

from types import SimpleNamespace
from typing import Any, Self

import pytest
from amqp.exceptions import ChannelError, NotFound

from bridge.broker.queues import waiting


class Breaking:
    """A broker and its connection, whose channels break when they are opened, asked or closed."""

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
        """Connect to itself."""
        return self

    def ensure_connection(self, max_retries: int) -> None:
        """Be connected, after one try."""
        assert max_retries == 1

    def channel(self) -> Self:
        """Open a channel, which is itself."""
        self._break("opened")
        return self

    def queue_declare(self, _queue: str, *, passive: bool) -> SimpleNamespace:
        """Tell how many messages there are."""
        assert passive
        self._break("asked")
        return SimpleNamespace(message_count=2)

    def close(self) -> None:
        """Close the channel."""
        self._break("closed")

    def _break(self, when: str) -> None:
        if when == self._when:
            raise self._error


def waiting_in(when: str, error: Exception) -> int:
    """Return what is said to wait in a broker whose channels break so."""
    broker: Any = Breaking(when, error)
    return waiting(broker)


def test_messages_of_both_queues_are_counted_when_nothing_breaks() -> None:
    """So that the others of these tests prove something."""
    assert waiting_in("never", ChannelError()) == 4


@pytest.mark.parametrize("when", ["opened", "asked", "closed"])
@pytest.mark.parametrize("error", [ChannelError(), NotFound(), ConnectionError(), OSError()])
def test_nothing_waits_where_a_channel_breaks(when: str, error: Exception) -> None:
    """No worker is to blame for it."""
    assert waiting_in(when, error) == 0
