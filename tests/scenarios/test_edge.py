"""Slow, endless and malformed HTTP requests to the web process: all are bounded.

Other senders are served at the same time.
"""

import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bridge.asgi.connection import HEAD_LIMIT, HEAD_SECONDS, MESSAGE_SECONDS
from bridge.asgi.request_body import BODY_SECONDS
from tests.support.raw_connections import (
    POST,
    SERVED_WITHIN,
    Edge,
    SlowSender,
    files_allowed,
    running_edge,
    statuses,
)
from tests.support.stack import WAVV_SECRET
from tests.support.waiting import wait_for

FILES = 256
"""The number of files that the process may open; three quarters are for connections."""

SLACK = 3.0
"""Seconds by which a busy machine may be late."""

MEGABYTES = 40.0
"""The most megabytes that a process may grow by in one test."""

GET = b"GET /livez HTTP/1.1\r\nHost: bridge\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def edge(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Run a web process that may open few files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as exits:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
        try:
            directory = tmp_path_factory.mktemp("edge")
            one = exits.enter_context(running_edge("edge", valkey, directory))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield one


@pytest.fixture(autouse=True)
def bounded(edge: Edge) -> Iterator[None]:
    """Check after each test that the process has grown little, and serves others."""
    edge.seconds_to_serve()
    before = edge.megabytes()
    yield
    assert edge.seconds_to_serve() < SERVED_WITHIN
    assert edge.megabytes() - before < MEGABYTES


def test_endless_heads_keep_no_sender_out(edge: Edge) -> None:
    """More connections with endless heads than the process has files keep no sender out."""
    with files_allowed(4 * FILES), ExitStack() as exits:
        edge.open_many(2 * FILES, POST + b"X-Slow: ", exits)
        assert max(edge.seconds_to_serve() for _ in range(10)) < SERVED_WITHIN
    assert "connections.limit_reached" in edge.process.output()


def test_endless_bodies_keep_no_sender_out(edge: Edge) -> None:
    """More connections with endless bodies than the process has files keep no sender out."""
    with files_allowed(4 * FILES), ExitStack() as exits:
        edge.open_many(2 * FILES, POST + b"Content-Length: 100\r\n\r\n{", exits)
        assert max(edge.seconds_to_serve() for _ in range(10)) < SERVED_WITHIN


SLOW_HEADS = {
    "nothing": (b"", b""),
    "head": (POST + b"X-Slow: ", b"x"),
    "blank lines": (b"\r\n", b"\r\n"),
}
SLOW_BODIES = {
    "body": (POST + b"Content-Length: 200000\r\n\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "body nobody reads": (GET + b"Content-Length: 200000\r\n\r\n", b"x"),
    "body that is refused": (POST + b"Content-Length: 9999999\r\n\r\n", b"x"),
    "chunks that are refused": (CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
}


def test_slow_senders_are_disconnected_in_time(edge: Edge) -> None:
    """The time limit is for the whole head or body, however slowly its pieces come."""
    with ExitStack() as exits:
        slow = {
            name: SlowSender(exits.enter_context(edge.send(start)), piece, time.monotonic())
            for name, (start, piece) in (SLOW_HEADS | SLOW_BODIES).items()
        }
        wait_for(
            lambda: [one.drip() for one in slow.values()],
            all,
            "every slow sender is disconnected",
        )
    limits = dict.fromkeys(SLOW_HEADS, HEAD_SECONDS) | dict.fromkeys(SLOW_BODIES, MESSAGE_SECONDS)
    took = {name: one.ended_after or 0 for name, one in slow.items()}
    assert not {name: end for name, end in took.items() if end > limits[name] + SLACK}
    found = {name: statuses(one.received_bytes) for name, one in slow.items()}
    expected = dict(zip(SLOW_BODIES, [[408], [408], [200], [413], [413]], strict=True))
    assert found == {name: [] for name in SLOW_HEADS} | expected
    assert b'"reason":"body_too_slow"' in slow["body"].received_bytes
    assert took["body"] > BODY_SECONDS


@pytest.mark.parametrize(
    "endless",
    [
        b"POST /" + b"a" * 1000,
        POST + b"X-One: ",
        POST + b"X-Name-",
        CHUNKED + b"2;extension=",
        CHUNKED + b"2\r\n{}\r\n0\r\nX-Trailer: ",
    ],
    ids=["path", "value", "name", "chunk", "trailer"],
)
def test_a_head_without_end_is_cut_off(edge: Edge, endless: bytes) -> None:
    """A head without end is refused after 64 KiB, or after 256 KiB around a body."""
    sent = 0
    with edge.send(endless) as connection, suppress(ConnectionError):
        while sent < 100 * HEAD_LIMIT:
            connection.sendall(b"a" * 10_000)
            sent += 10_000
    assert sent < 100 * HEAD_LIMIT


@pytest.mark.parametrize("start", [POST, CHUNKED + b"0\r\n"], ids=["headers", "trailers"])
def test_many_headers_without_end_are_cut_off(edge: Edge, start: bytes) -> None:
    """The limit is for all headers of a request, before and after a body."""
    before = edge.megabytes()
    with edge.send(start) as connection, suppress(ConnectionError):
        for number in range(0, 2_000_000, 1000):
            connection.sendall(b"".join(b"X-%d: y\r\n" % (number + more) for more in range(1000)))
        raise AssertionError("two million headers were taken")
    assert edge.megabytes() - before < MEGABYTES


def test_a_large_head_that_comes_at_once_is_refused(edge: Edge) -> None:
    """A large head in one piece is refused, and the connection ends."""
    head = POST + b"X-Large: " + b"y" * (HEAD_LIMIT + 1) + b"\r\nContent-Length: 2\r\n\r\n{}"
    assert statuses(edge.exchange(head)) in ([400], [])


def test_a_head_of_sixty_kilobytes_is_served(edge: Edge) -> None:
    """A head of 60 KB is accepted."""
    head = GET + b"X-Large: " + b"y" * 60_000 + b"\r\nConnection: close\r\n\r\n"
    assert statuses(edge.exchange(head)) == [200]


LENGTHS = {
    "negative": b"Content-Length: -1\r\n\r\n{}",
    "with a plus": b"Content-Length: +2\r\n\r\n{}",
    "hexadecimal": b"Content-Length: 0x2\r\n\r\n{}",
    "two that differ": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "two in one": b"Content-Length: 2, 3\r\n\r\n{}",
    "beyond 64 bits": b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks that are none": b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a chunk beyond 64 bits": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "another encoding": b"Transfer-Encoding: gzip\r\n\r\n{}",
}


@pytest.mark.parametrize("wrong", LENGTHS.values(), ids=LENGTHS)
def test_a_length_that_is_none_is_refused(edge: Edge, wrong: bytes) -> None:
    """A request with an invalid length is refused, which prevents request smuggling."""
    assert statuses(edge.exchange(POST + wrong)) == [400]


def test_a_length_that_is_too_short_leaves_no_second_request(edge: Edge) -> None:
    """Bytes after a short body end the connection, and the cut body has no valid signature."""
    assert statuses(edge.exchange(POST + b'Content-Length: 2\r\n\r\n{"event": "x"}'))[-1] == 400


def test_a_secret_in_the_url_is_in_no_log_even_with_an_access_log(
    valkey: str, tmp_path: Path
) -> None:
    """A secret in the URL is in no log, not even in uvicorn's access log."""
    changes = {"BRIDGE_WAVV_AUTH": "shared_secret", "BRIDGE_LOG_LEVEL": "debug"}
    with running_edge("secret", valkey, tmp_path, ("--access-log",), **changes) as one:
        for secret, status in ((WAVV_SECRET, 202), ("wrong-secret-wrong", 401)):
            url = f"{one.bridge.url}/webhooks/wavv?secret={secret}&other=1"
            response = one.bridge.http.post(url, json={"event": "call.moved", "data": {"id": "x"}})
            assert response.status_code == status
        output = one.process.output()
    assert "events.stored" in output
    assert not [secret for secret in (WAVV_SECRET, "wrong-secret-wrong") if secret in output]


def test_pipelined_requests_are_served_in_their_order(edge: Edge) -> None:
    """Pipelined requests are processed in their order."""
    other = b"GET /nowhere HTTP/1.1\r\nHost: bridge\r\n\r\n"
    last = GET + b"Connection: close\r\n\r\n"
    assert statuses(edge.exchange((GET + b"\r\n" + other) * 3 + last)) == [200, 404] * 3 + [200]


def test_trailers_are_accepted_and_are_no_headers(edge: Edge) -> None:
    """Trailers of a chunked body are accepted, and are no headers."""
    proof = b"X-WAVV-Signature: t=1,v1=00\r\n"
    request = CHUNKED + b"2\r\n{}\r\n0\r\n" + proof + b"\r\n" + GET + b"Connection: close\r\n\r\n"
    response_bytes = edge.exchange(request)
    assert statuses(response_bytes) == [401, 200]
    assert b"signature_missing" in response_bytes


def test_senders_that_leave_cause_no_logged_error(edge: Edge) -> None:
    """Senders that reset their connection or leave responses unread cause no logged error."""
    unsigned = POST + b"Content-Length: 2\r\n\r\n{}"  # its refusal is counted in Redis first
    assert statuses(edge.exchange(unsigned * 20)) == [400]
    for _ in range(20):
        with edge.send(unsigned * 5) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    edge.seconds_to_serve()
    assert "Exception" not in edge.process.output()


def test_a_reader_that_does_not_read_stops_being_read(edge: Edge) -> None:
    """The process stops reading from a sender that does not read its responses."""
    sent = 0
    with edge.send() as connection:
        connection.settimeout(3)
        with suppress(OSError):
            while sent < 50_000_000:
                sent += connection.send((GET + b"\r\n") * 1000)
    assert sent < 50_000_000
