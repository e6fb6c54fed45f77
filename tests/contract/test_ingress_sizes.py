"""The limit on body sizes is enforced while reading, and a refused event is not lost."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.support.sandbox import WAIT
from tests.support.web_process import ELEPHANT, JSON, WAVV, Web, problem_in, running_web, signed

LIMIT = 2 * 1024 * 1024
MEGABYTES_10 = 10 * 1024 * 1024


def sized(size: int) -> bytes:
    """Return an event of exactly this many bytes, with its id behind a long note."""
    bare = {"event": "call.ended", "data": {"note": "", "id": "call-1"}}
    bare["data"] = {"note": "x" * (size - len(json.dumps(bare))), "id": "call-1"}
    return json.dumps(bare).encode()


def in_chunks(raw: bytes) -> Iterator[bytes]:
    """Yield a body in pieces, which are sent chunked without a Content-Length."""
    for start in range(0, len(raw), 50_000):
        yield raw[start : start + 50_000]


def opened(web: Web, *headers: str) -> socket.socket:
    """Return a connection on which the head of a POST was sent."""
    connection = socket.create_connection(web.address, timeout=WAIT)
    lines = [f"POST {WAVV} HTTP/1.1", "Host: bridge", "Content-Type: application/json", *headers]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [LIMIT + 1, MEGABYTES_10])
def test_a_strangers_body_over_the_limit_is_refused(
    web: Web, path: str, size: int, *, chunked: bool
) -> None:
    """A body over the limit without a valid signature gets 413, and nothing of it is kept."""
    raw = sized(size)
    content = in_chunks(raw) if chunked else raw
    response = web.client.post(path, content=content, headers=JSON | signed(b"other"))
    assert "2048 KiB" in problem_in(response, 413, "too_large")
    assert (web.stored(), web.refused()) == ([], [])
    assert web.counted("events.refused.too_large") == 1


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [LIMIT + 1, MEGABYTES_10])
def test_an_authentic_body_over_the_limit_names_its_call(
    web: Web, size: int, *, chunked: bool
) -> None:
    """A signed body over the limit is noted once on the call that it names."""
    raw = sized(size)
    for _ in range(2):
        content = in_chunks(raw) if chunked else raw
        response = web.client.post(WAVV, content=content, headers=JSON | signed(raw))
        assert "BRIDGE_MAX_EVENT_BYTES" in problem_in(response, 413, "too_large")
    outline = b'{"event":"call.ended","data":{"note":"","id":"call-1"}}'
    assert web.refused() == [("wavv", "too_large", outline)] * 2
    assert web.refusals() == [
        {"call_id": "call-1", "reason": "too_large", "event": "call.ended", "size": size}
    ]
    assert web.counted("events.refused.too_large") == 2


def test_a_shared_secret_proves_a_body_over_the_limit(valkey_url: str) -> None:
    """A shared secret is checked before a body over the limit is read."""
    with running_web(valkey_url, wavv_auth="shared_secret", wavv_secrets="s3cret") as web:
        raw = sized(LIMIT + 1)
        for secret in ("s3cret", "another"):
            headers = {**JSON, "X-Webhook-Secret": secret}
            response = web.client.post(WAVV, content=raw, headers=headers)
            problem_in(response, 413, "too_large")
        assert [refusal["call_id"] for refusal in web.refusals()] == ["call-1"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_exactly_the_limit_is_accepted(web: Web, *, chunked: bool) -> None:
    """A body of exactly the limit is accepted."""
    raw = sized(LIMIT)
    content = in_chunks(raw) if chunked else raw
    response = web.client.post(WAVV, content=content, headers=JSON | signed(raw))
    assert response.status_code == 202
    assert web.stored() == [raw]


@pytest.mark.parametrize(
    "transcript", [json.dumps("я" * 54_000), json.dumps("a" * 273_000)], ids=["escaped", "latin"]
)
def test_a_long_transcript_is_accepted(web: Web, transcript: str) -> None:
    """The transcript of an hour is within the limit, in any escaping."""
    raw = b'{"event":"call.recorded","data":{"id":"c","transcript":%s}}' % transcript.encode()
    assert web.wavv(raw).status_code == 202
    assert web.stored() == [raw]


def test_the_limit_is_the_operators(valkey_url: str) -> None:
    """``BRIDGE_MAX_EVENT_BYTES`` sets the limit."""
    with running_web(valkey_url, max_event_bytes=2000) as web:
        assert web.wavv(sized(2000)).status_code == 202
        assert "2000 bytes" in problem_in(web.wavv(sized(2001)), 413, "too_large")


def test_a_chunked_sender_is_stopped_while_it_sends(web: Web) -> None:
    """A chunked body over the limit gets its response before the last chunk was sent."""
    with opened(web, "Transfer-Encoding: chunked") as connection:
        connection.sendall(f"{LIMIT + 1:x}\r\n".encode() + b"x" * (LIMIT + 1) + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_strangers_declared_length_is_refused_before_the_body(web: Web) -> None:
    """A Content-Length over the limit without a valid secret is refused before the body."""
    with opened(web, f"Content-Length: {LIMIT + 1}") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_no_body_is_examined_without_end(web: Web) -> None:
    """A Content-Length over 64 MiB is refused whatever the signature."""
    signature = f"X-WAVV-Signature: {signed(b'')['X-WAVV-Signature']}"
    with opened(web, f"Content-Length: {64 * 1024 * 1024 + 1}", signature) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_large_body_that_expects_100_continue_is_refused_at_once(web: Web) -> None:
    """With ``Expect: 100-continue`` a body over the limit is refused at once (RFC 9110, 10.1.1)."""
    with opened(web, f"Content-Length: {LIMIT + 1}", "Expect: 100-continue") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_gives_up_halfway_stores_nothing(web: Web) -> None:
    """A body that ends early is not stored, and the next sender is served."""
    with opened(web, "Content-Length: 100") as connection:
        connection.sendall(b'{"event"')
    assert web.wavv(sized(200)).status_code == 202
    assert len(web.stored()) == 1


def test_slow_large_bodies_keep_no_event_out(web: Web) -> None:
    """Slow large bodies without a signature do not stop other events from being stored.

    The oldest large body makes room, with 503 for its sender.
    """
    half = LIMIT // 2
    slow = [opened(web, f"Content-Length: {LIMIT}") for _ in range(80)]
    for connection in slow:
        connection.sendall(b" " * half)
    assert web.wavv(sized(300)).status_code == 202
    assert web.wavv(sized(LIMIT)).status_code == 202
    first = slow[0].recv(2000)
    assert first.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: " in first
    for connection in slow:
        connection.close()
