"""A response's body is bounded in size, also unpacked, and in the length of its silences."""

import asyncio
import gzip
import itertools
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest

from bridge.outbound.response_body import LONGEST_SILENCE, BodyError, read_body

MOST = 1000


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def response(chunks: Iterable[bytes], coding: str | None = None) -> httpx.Response:
    """Return a response whose body has not been read yet."""
    timeouts = {"timeout": {"read": 120.0}}
    request = httpx.Request("GET", "https://elephant.test/", extensions=timeouts)
    headers = {"Content-Encoding": coding} if coding else {}
    return httpx.Response(200, headers=headers, stream=Chunks(chunks), request=request)


def read(unread: httpx.Response, most_bytes: int = MOST) -> bytes:
    """Read the body."""
    return asyncio.run(read_body(unread, most_bytes))


@pytest.mark.parametrize("coding", [None, "identity", "Identity"])
def test_a_plain_body_is_read_whole(coding: str | None) -> None:
    """Up to the last allowed byte."""
    assert read(response([b"a" * 600, b"b" * 400], coding)) == b"a" * 600 + b"b" * 400


@pytest.mark.parametrize("coding", ["gzip", "GZIP "])
def test_a_packed_body_is_unpacked(coding: str) -> None:
    """Requests accept gzip."""
    packed = gzip.compress(b"a" * MOST)
    assert read(response([packed[:7], packed[7:]], coding)) == b"a" * MOST


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_reading_stops_at_the_limit(coding: str | None) -> None:
    """A body without end must not fill the memory: no chunk more is read than needed."""
    endless = itertools.count()
    with pytest.raises(BodyError, match="over 1000 bytes"):
        read(response((b"a" * 300 for _ in endless), coding))
    assert next(endless) == 4


def test_a_body_is_not_unpacked_beyond_the_limit() -> None:
    """A few packed bytes can hold gigabytes: rejected before they have become that many."""
    bomb = response([gzip.compress(bytes(32_000_000))], "gzip")
    tracemalloc.start()
    with pytest.raises(BodyError, match="unpacked"):
        read(bomb, 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"plain", "gzip"),
        (gzip.compress(b"cut off", mtime=0)[:-9], "gzip"),
        (b"", "gzip"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "gzip, gzip"),
        (b"x", "br"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_rejected(body: bytes, coding: str) -> None:
    """Codings that the request does not accept are not guessed at."""
    with pytest.raises(BodyError):
        read(response([body], coding))


@pytest.mark.parametrize(("configured", "silence"), [(120.0, LONGEST_SILENCE), (1.0, 1.0)])
def test_a_body_may_not_be_silent_for_long(configured: float, silence: float) -> None:
    """The long time-out is for the download before the headers, and never grows by this."""
    unread = response([b"x"])
    unread.request.extensions["timeout"]["read"] = configured
    read(unread)
    assert unread.request.extensions["timeout"]["read"] == silence
