"""A connection's last moments, on a clock of the test's own. The rest is in scenarios."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from bridge.ingress.connection import (
    HEAD_SECONDS,
    MESSAGE_SECONDS,
    MOST_CONNECTIONS,
    PLACES,
    WRITE_SECONDS,
    Connection,
)


class Clock:
    """A loop that only remembers what is to happen, and when."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], object]]] = []

    def call_later(self, seconds: float, act: Callable[[], object]) -> "Handle":
        """Remember it."""
        self.waiting.append((seconds, act))
        return Handle(self, (seconds, act))

    def create_task(self, work: Any) -> MagicMock:  # noqa: ANN401 - a coroutine
        """Let no answer be made."""
        work.close()
        return MagicMock()

    def seconds(self) -> list[float]:
        """Return how far ahead each thing is."""
        return [seconds for seconds, _ in self.waiting]


class Handle:
    """What can be cancelled."""

    def __init__(self, clock: Clock, what: tuple[float, Callable[[], object]]) -> None:
        self._clock, self._what = clock, what

    def cancel(self) -> None:
        """Forget it."""
        self._clock.waiting.remove(self._what)


class Transport(asyncio.Transport):
    """A socket that is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def abort(self) -> None:
        """Remember that it was ended."""
        self.aborted = True

    def is_closing(self) -> bool:
        """Tell that it is open."""
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002 - asyncio's
        """Know nothing."""
        return default

    def close(self) -> None:
        """Do nothing."""


async def nothing(_scope: object, _receive: object, _send: object) -> None:
    """Answer nothing."""


@pytest.fixture
def clock() -> Clock:
    """Give a clock on which nothing waits."""
    return Clock()


@pytest.fixture
def connection(clock: Clock) -> Iterator[Connection]:
    """Give a connection that was just made."""
    loop: Any = clock
    one = Connection(Config(nothing), ServerState(), {}, _loop=loop)
    one.connection_made(Transport())
    yield one
    one.connection_lost(None)
    assert clock.waiting == []


def test_a_sender_has_its_time_from_the_beginning(connection: Connection, clock: Clock) -> None:
    """One that says nothing is ended as well."""
    assert clock.seconds() == [HEAD_SECONDS]
    clock.waiting[0][1]()
    transport: Any = connection.transport
    assert transport.aborted


def test_the_head_then_the_body_then_nothing_is_waited_for(
    connection: Connection, clock: Clock
) -> None:
    """A sender that has said it all may wait for its answer in peace."""
    connection.data_received(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n")
    assert clock.seconds() == [HEAD_SECONDS]
    connection.data_received(b"\r\n{")
    assert clock.seconds() == [MESSAGE_SECONDS]
    connection.data_received(b"}")
    assert clock.seconds() == []


def test_more_of_a_head_does_not_make_its_time_longer(connection: Connection, clock: Clock) -> None:
    """Or one byte a second would last for ever."""
    connection.data_received(b"P")
    begun = clock.waiting[0]
    for byte in (b"O", b"S", b"T", b" ", b"/"):
        connection.data_received(byte)
    assert clock.waiting == [begun]
    assert clock.waiting[0] is begun


def test_a_reader_has_its_time_and_reading_ends_it(connection: Connection, clock: Clock) -> None:
    """An answer that nobody reads is not kept for ever."""
    connection.pause_writing()
    connection.pause_writing()
    assert clock.seconds() == [HEAD_SECONDS, WRITE_SECONDS]
    connection.resume_writing()
    assert clock.seconds() == [HEAD_SECONDS]
    connection.pause_writing()
    clock.waiting[-1][1]()
    transport: Any = connection.transport
    assert transport.aborted


def test_places_leave_files_for_others() -> None:
    """Never more than is documented."""
    assert 0 < PLACES <= MOST_CONNECTIONS
