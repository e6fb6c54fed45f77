"""The limit on bodies: 256 KiB, kept while reading and not after."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.contract.web import ELEPHANT, JSON, WAVV, Web, problem_in, signed
from tests.sandbox import WAIT

LIMIT = 256 * 1024
MEGABYTES_10 = 10 * 1024 * 1024


def sized(size: int) -> bytes:
    """Return an event of exactly this many bytes."""
    bare = {"event": "call.ended", "data": {"id": "call-1", "note": ""}}
    bare["data"] = {"id": "call-1", "note": "x" * (size - len(json.dumps(bare)))}
    return json.dumps(bare).encode()


def in_chunks(raw: bytes) -> Iterator[bytes]:
    """Yield a body in pieces, which are sent chunked, without a Content-Length."""
    for start in range(0, len(raw), 50_000):
        yield raw[start : start + 50_000]


def opened(web: Web, *headers: str) -> socket.socket:
    """Return a connection on which a POST has begun."""
    connection = socket.create_connection(web.address, timeout=WAIT)
    lines = [f"POST {WAVV} HTTP/1.1", "Host: bridge", "Content-Type: application/json", *headers]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [LIMIT + 1, MEGABYTES_10])
def test_a_body_over_the_limit_is_answered_413(
    web: Web, path: str, size: int, *, chunked: bool
) -> None:
    """Before anything else is looked at, and with the limit told."""
    raw = sized(size)
    content = in_chunks(raw) if chunked else raw
    answer = web.client.post(path, content=content, headers=JSON | signed(raw))
    assert "256 KiB" in problem_in(answer, 413, "too_large")
    assert (web.stored(), web.refused()) == ([], [])
    assert web.counted("events.refused.too_large") == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_exactly_the_limit_is_accepted(web: Web, *, chunked: bool) -> None:
    """256 KiB themselves are not over 256 KiB."""
    raw = sized(LIMIT)
    content = in_chunks(raw) if chunked else raw
    answer = web.client.post(WAVV, content=content, headers=JSON | signed(raw))
    assert answer.status_code == 202
    assert web.stored() == [raw]


def test_a_chunked_sender_is_stopped_while_it_sends(web: Web) -> None:
    """The answer is there although the last chunk never came."""
    with opened(web, "Transfer-Encoding: chunked") as connection:
        connection.sendall(f"{LIMIT + 1:x}\r\n".encode() + b"x" * (LIMIT + 1) + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_declared_length_is_answered_before_the_body(web: Web) -> None:
    """Not one byte of the body needs to be sent."""
    with opened(web, f"Content-Length: {LIMIT + 1}") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_waits_to_be_told_to_continue_is_refused_at_once(web: Web) -> None:
    """As curl does with large bodies (RFC 9110, 10.1.1)."""
    with opened(web, f"Content-Length: {LIMIT + 1}", "Expect: 100-continue") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_gives_up_halfway_stores_nothing(web: Web) -> None:
    """A body that never came whole is no event, and the next sender is served."""
    with opened(web, "Content-Length: 100") as connection:
        connection.sendall(b'{"event"')
    assert web.wavv(sized(200)).status_code == 202
    assert len(web.stored()) == 1
