"""Tests for the timeouts of one HTTP connection, with the test's clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.asgi.connection import (
    CONNECTION_LIMIT,
    HEAD_SECONDS,
    MESSAGE_SECONDS,
    MOST_CONNECTIONS,
    WRITE_SECONDS,
    Connection,
)
from tests.support.fake_transport import Clock, connected


@pytest.fixture
def clock() -> Clock:
    """Provide a clock without timers."""
    return Clock()


@pytest.fixture
def connection(clock: Clock) -> Iterator[Connection]:
    """Provide a connection that has just been opened."""
    opened = connected(clock)
    yield opened
    opened.connection_lost(None)
    assert clock.waiting == []


def test_the_head_timeout_starts_with_the_connection(connection: Connection, clock: Clock) -> None:
    """A client that sends nothing is disconnected after ``HEAD_SECONDS``."""
    assert clock.seconds() == [HEAD_SECONDS]
    clock.waiting[0][1]()
    transport: Any = connection.transport
    assert transport.aborted


def test_the_timeouts_follow_head_body_and_response(connection: Connection, clock: Clock) -> None:
    """After the head the body has a timeout; after the body there is none."""
    connection.data_received(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n")
    assert clock.seconds() == [HEAD_SECONDS]
    connection.data_received(b"\r\n{")
    assert clock.seconds() == [MESSAGE_SECONDS]
    connection.data_received(b"}")
    assert clock.seconds() == []


def test_further_bytes_of_a_head_do_not_restart_its_timeout(
    connection: Connection, clock: Clock
) -> None:
    """Further bytes of the head leave its timer unchanged, so that slow heads end."""
    connection.data_received(b"P")
    begun = clock.waiting[0]
    for byte in (b"O", b"S", b"T", b" ", b"/"):
        connection.data_received(byte)
    assert clock.waiting == [begun]
    assert clock.waiting[0] is begun


def test_a_client_that_does_not_read_is_disconnected(connection: Connection, clock: Clock) -> None:
    """A response that the client does not read ends the connection after ``WRITE_SECONDS``."""
    connection.pause_writing()
    connection.pause_writing()
    assert clock.seconds() == [HEAD_SECONDS, WRITE_SECONDS]
    connection.resume_writing()
    assert clock.seconds() == [HEAD_SECONDS]
    connection.pause_writing()
    clock.waiting[-1][1]()
    transport: Any = connection.transport
    assert transport.aborted


def test_the_default_limit_leaves_file_descriptors_free() -> None:
    """The number of connections is positive and at most the documented one."""
    assert 0 < CONNECTION_LIMIT <= MOST_CONNECTIONS
