"""A connection's last moments, on a clock of the test's own. The rest is in scenarios."""

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.asgi.connection import (
    HEAD_SECONDS,
    MESSAGE_SECONDS,
    MOST_CONNECTIONS,
    PLACES,
    WRITE_SECONDS,
    Connection,
)
from tests.support.fake_transport import Clock, connected


@pytest.fixture
def clock() -> Clock:
    """Give a clock on which nothing waits."""
    return Clock()


@pytest.fixture
def connection(clock: Clock) -> Iterator[Connection]:
    """Give a connection that was just made."""
    one = connected(clock)
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
