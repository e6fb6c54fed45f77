"""HTTP itself: bytes in pieces, as sockets give them. Whatever comes, the connection is bounded."""

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
"""That a socket gives at once."""

Pieces = tuple[bytes, ...]


def pieces(rng: Random) -> Pieces:
    """Return a few requests with something wrong with them, cut anywhere; some never end."""
    if rng.random() < 0.01:
        said = rng.choice(ENDLESS)
        return tuple(said[start : start + PIECE] for start in range(0, len(said), PIECE))
    kinds = (rng.choice(REQUESTS),) if rng.random() < 0.3 else REQUESTS
    said = b"".join(rng.choice(kinds) for _ in range(rng.randint(1, 2 * MOST_PIPELINED)))
    if rng.random() < 0.8:
        said = mutated(said, rng)
    cuts = sorted(rng.randrange(len(said) + 1) for _ in range(rng.randint(0, 6)))
    return tuple(said[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True))


def check(said: Pieces) -> None:
    """Raise unless it takes all or closes, and keeps no more than it may."""
    clock = Clock()
    one = connected(clock)
    transport: Any = one.transport
    for piece in said:
        if piece and not transport.is_closing():
            one.data_received(piece)
            assert len(one.pipeline) <= MOST_PIPELINED
            assert transport.is_closing() or _is_bounded(one)
    one.connection_lost(None)
    assert clock.waiting == []
    assert one not in Connection._by_last_request  # noqa: SLF001 - its place


def _is_bounded(one: Connection) -> bool:
    """Tell whether what the parser and the connection may hold is within the limits."""
    said: Any = one.headers
    if said is None:  # no request has begun
        return True
    headers = sum(len(name) + len(value) for name, value in said)
    around = one._frame_bytes  # noqa: SLF001 - what the parser may hold
    return len(one.url) + headers <= HEAD_LIMIT + PIECE and around <= FRAME_LIMIT


NEAR = SEEDS.map(lambda seed: pieces(Random(seed)))  # noqa: S311 - no secrets
NOISE = st.lists(st.binary(min_size=1, max_size=60), max_size=5).map(tuple)
TARGET = Target("HTTP's bytes", (NEAR, NOISE, NEAR), check)
