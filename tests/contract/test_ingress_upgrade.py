"""``Upgrade`` is ignored: the request is plain HTTP/1.1, and its body is never a request."""

import re
import socket
from collections.abc import Sequence

import pytest

from tests.support.sandbox import WAIT
from tests.support.web_process import ENDED, WAVV, Web, signed

SMUGGLED = b"POST /webhooks/wavv HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
OFFERS = {
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    "websocket": "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x",
    "TLS": "Upgrade: TLS/1.0\r\nConnection: keep-alive, Upgrade",
    "unknown": "upgrade: a, b/2\r\nconnection: UPGRADE",
}


def post(raw: bytes, offer: str = OFFERS["h2c"], *, chunked: bool = False) -> bytes:
    """Return a signed request with an ``Upgrade`` header."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(raw)}"
    fields = [*(f"{name}: {value}" for name, value in signed(raw).items()), offer, length]
    lines = [f"POST {WAVV} HTTP/1.1", "Host: x", "Content-Type: application/json", *fields, "", ""]
    half = len(raw) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (raw[:half], raw[half:], b""))
    return "\r\n".join(lines).encode() + (chunks if chunked else raw)


def statuses(web: Web, pieces: Sequence[bytes], wanted: int) -> list[int]:
    """Send each piece in a separate segment; return the statuses of all responses."""
    received = b""
    with socket.create_connection(web.address, timeout=WAIT) as sender:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            sender.sendall(piece)
        while received.count(b"HTTP/1.1 ") < wanted and (piece := sender.recv(65536)):
            received += piece
        sender.shutdown(socket.SHUT_WR)
        while piece := sender.recv(65536):
            received += piece
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("chunked", [False, True])
def test_an_offer_to_upgrade_is_ignored(web: Web, offer: str, *, chunked: bool) -> None:
    """The event of a client that offers HTTP/2, as curl and Java do, is stored once."""
    assert statuses(web, [post(ENDED, offer, chunked=chunked)], 1) == [202]
    assert web.stored() == [ENDED]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_in_separate_segments_is_read(web: Web, *, chunked: bool) -> None:
    """Head and body are read in any number of segments."""
    request = post(ENDED, chunked=chunked)
    head = request.index(b"\r\n\r\n") + 4
    assert statuses(web, [request[:head], request[head:]], 1) == [202]
    pieces = [request[at : at + 7] for at in range(0, len(request), 7)]
    assert statuses(web, pieces, 1) == [202]
    assert web.stored() == [ENDED]
    assert web.counted("events.duplicate.wavv") == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_requests_behind_an_offer_are_served(web: Web, *, chunked: bool) -> None:
    """Later requests on the connection are served, with and without an offer."""
    other = ENDED.replace(b"call-1", b"call-2")
    last = ENDED.replace(b"call-1", b"call-3")
    requests = [post(ENDED, chunked=chunked), post(other, "X: y"), post(last, chunked=chunked)]
    assert statuses(web, [b"".join(requests)], 3) == [202, 202, 202]
    assert statuses(web, requests, 3) == [202, 202, 202]
    assert web.stored() == [ENDED, other, last]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("apart", [False, True])
def test_a_body_that_looks_like_a_request_is_a_body(web: Web, offer: str, *, apart: bool) -> None:
    """A body that looks like a request gets no separate response."""
    request = post(SMUGGLED, offer)
    head = request.index(b"\r\n\r\n") + 4
    pieces = [request[:head], request[head:]] if apart else [request]
    assert statuses(web, pieces, 1) == [400]
    assert web.refused() == [("wavv", "not_json", SMUGGLED)]


def test_an_offer_without_a_body_is_ignored(web: Web) -> None:
    """A GET with an offer gets its usual response, and the next request is served."""
    get = f"GET /livez HTTP/1.1\r\nHost: x\r\n{OFFERS['h2c']}\r\n\r\n".encode()
    assert statuses(web, [get + get + post(ENDED)], 3) == [200, 200, 202]


def test_a_connection_that_shall_close_is_closed(web: Web) -> None:
    """``Connection: Upgrade, close`` closes the connection after one response."""
    offer = "Connection: Upgrade, close\r\nUpgrade: h2c"
    assert statuses(web, [post(ENDED, offer) + post(ENDED)], 1) == [202]


def test_a_tunnel_is_refused(web: Web) -> None:
    """``CONNECT`` is refused, and nothing behind it is parsed as a request."""
    tunnel = b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"
    assert statuses(web, [tunnel + post(ENDED)], 1) == [400]
    assert web.stored() == []


def test_offers_in_a_row_are_bounded(web: Web) -> None:
    """The number of pipelined requests with an offer is limited, as without one."""
    get = f"GET /livez HTTP/1.1\r\nHost: x\r\n{OFFERS['h2c']}\r\n\r\n".encode()
    assert 400 in statuses(web, [get * 200], 200)
    assert web.wavv(ENDED).status_code == 202
