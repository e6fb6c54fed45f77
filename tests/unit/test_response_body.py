"""Tests for reading a response's body: bounded in size, unpacked size and silence."""

import asyncio
import gzip
import itertools
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest

from bridge.outbound import response_body
from bridge.outbound.response_body import LONGEST_SILENCE, ResponseBodyError, read_body

MOST = 1000
SECONDS = 60.0


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def response(chunks: Iterable[bytes], coding: str | None = None) -> httpx.Response:
    """Return a response whose body is unread."""
    headers = {"Content-Encoding": coding} if coding else {}
    return httpx.Response(200, headers=headers, stream=Chunks(chunks))


def read(unread: httpx.Response, most_bytes: int = MOST, seconds: float = SECONDS) -> bytes:
    """Read the body."""
    return asyncio.run(read_body(unread, most_bytes, seconds))


@pytest.mark.parametrize("coding", [None, "identity", "Identity"])
def test_a_plain_body_is_read_whole(coding: str | None) -> None:
    """A body of exactly the limit is read."""
    assert read(response([b"a" * 600, b"b" * 400], coding)) == b"a" * 600 + b"b" * 400


@pytest.mark.parametrize("coding", ["gzip", "GZIP "])
def test_a_packed_body_is_unpacked(coding: str) -> None:
    """A gzip body is decompressed."""
    packed = gzip.compress(b"a" * MOST)
    assert read(response([packed[:7], packed[7:]], coding)) == b"a" * MOST


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_reading_stops_at_the_limit(coding: str | None) -> None:
    """Reading stops with the chunk that exceeds the limit."""
    endless = itertools.count()
    with pytest.raises(ResponseBodyError, match="over 1000 bytes"):
        read(response((b"a" * 300 for _ in endless), coding))
    assert next(endless) == 4


def test_a_body_is_not_unpacked_beyond_the_limit() -> None:
    """A small gzip body that unpacks to gigabytes is rejected before it uses the memory."""
    bomb = response([gzip.compress(bytes(32_000_000))], "gzip")
    tracemalloc.start()
    with pytest.raises(ResponseBodyError, match="unpacked"):
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
    """A damaged body, or one with another coding than gzip, is rejected."""
    with pytest.raises(ResponseBodyError):
        read(response([body], coding))


class Silent(httpx.AsyncByteStream):
    """A body with ``silence`` seconds before each chunk but the first."""

    def __init__(self, silence: float, chunks: int = 2) -> None:
        self._silence, self._chunks = silence, chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"x"
        for _ in range(self._chunks - 1):
            await asyncio.sleep(self._silence)
            yield b"x"


@pytest.mark.parametrize(
    ("longest_silence", "seconds"), [(0.05, SECONDS), (LONGEST_SILENCE, 0.05), (0.05, 0.05)]
)
def test_a_body_must_not_be_silent_for_long(
    monkeypatch: pytest.MonkeyPatch, longest_silence: float, seconds: float
) -> None:
    """A pause longer than the longest silence or the whole timeout raises ``ReadTimeout``."""
    monkeypatch.setattr(response_body, "LONGEST_SILENCE", longest_silence)
    unread = httpx.Response(200, stream=Silent(SECONDS / 2))
    with pytest.raises(httpx.ReadTimeout, match="not whole in time"):
        read(unread, seconds=seconds)


def test_each_chunk_begins_a_new_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pauses shorter than the longest silence are accepted."""
    monkeypatch.setattr(response_body, "LONGEST_SILENCE", 1.0)
    assert read(httpx.Response(200, stream=Silent(0.3, chunks=5))) == b"xxxxx"
