"""Bytes of HTTP in pieces, as sockets deliver them: the connection's memory is bounded."""

from random import Random
from typing import Any

from hypothesis import strategies as st

from bridge.asgi.connection import FRAME_LIMIT, HEAD_LIMIT, MOST_PIPELINED, Connection
from tests.fuzz.mutation import SEEDS, mutated
from tests.fuzz.target import Target
from tests.support.fake_transport import Clock, connected

HEAD = b"POST /webhooks/wavv HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
REQUESTS = (
    b"GET /livez?x=1 HTTP/1.1\r\nHost: bridge\r\nConnection: keep-alive\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
    HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}",
    CHUNKED + b"2;name=value\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n",
    b"\r\n\r\nHEAD / HTTP/1.0\r\n\r\n",
)
ENDLESS = (
    b"GET /" + b"a" * 8 * HEAD_LIMIT,
    HEAD + b"X-Long: " + b"y" * 8 * HEAD_LIMIT,
    HEAD + b"X: y\r\n" * HEAD_LIMIT,
    CHUNKED + b"2;" + b"e" * 3 * FRAME_LIMIT,
    CHUNKED + b"2\r\n{}\r\n0\r\nX-Long: " + b"y" * 3 * FRAME_LIMIT,
    CHUNKED + b"0\r\n" + b"X: y\r\n" * (FRAME_LIMIT // 2),
    CHUNKED + b"1\r\nx\r\n" * (FRAME_LIMIT // 2),
)
PIECE = 64 * 1024
"""The most bytes that a socket delivers at once."""

Pieces = tuple[bytes, ...]


def pieces(rng: Random) -> Pieces:
    """Return a few requests with mutations, cut anywhere; some never end."""
    if rng.random() < 0.01:
        stream = rng.choice(ENDLESS)
        return tuple(stream[start : start + PIECE] for start in range(0, len(stream), PIECE))
    kinds = (rng.choice(REQUESTS),) if rng.random() < 0.3 else REQUESTS
    stream = b"".join(rng.choice(kinds) for _ in range(rng.randint(1, 2 * MOST_PIPELINED)))
    if rng.random() < 0.8:
        stream = mutated(stream, rng)
    cuts = sorted(rng.randrange(len(stream) + 1) for _ in range(rng.randint(0, 6)))
    return tuple(stream[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True))


def check(received: Pieces) -> None:
    """Raise unless the connection reads all bytes or closes, within its limits."""
    clock = Clock()
    connection = connected(clock)
    transport: Any = connection.transport
    for piece in received:
        if piece and not transport.is_closing():
            connection.data_received(piece)
            assert len(connection.pipeline) <= MOST_PIPELINED
            assert transport.is_closing() or _is_bounded(connection)
    connection.connection_lost(None)
    assert clock.waiting == []
    assert connection not in Connection._by_last_request  # noqa: SLF001 - the list of open connections


def _is_bounded(connection: Connection) -> bool:
    """Return whether the bytes that parser and connection hold are within the limits."""
    fields: Any = connection.headers
    if fields is None:  # no request has begun
        return True
    headers = sum(len(name) + len(value) for name, value in fields)
    around = connection._frame_bytes  # noqa: SLF001 - the bytes that the parser may hold
    return len(connection.url) + headers <= HEAD_LIMIT + PIECE and around <= FRAME_LIMIT


NEAR = SEEDS.map(lambda seed: pieces(Random(seed)))  # noqa: S311 - no secrets
NOISE = st.lists(st.binary(min_size=1, max_size=60), max_size=5).map(tuple)
TARGET = Target("HTTP's bytes", (NEAR, NOISE, NEAR), check)
