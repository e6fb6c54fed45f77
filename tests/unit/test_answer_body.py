"""An answer's body is bounded in size, also unpacked, and in time."""

import gzip
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator

import httpx
import pytest

from bridge.answer_body import LONGEST_SILENCE, BodyError, read_body

MOST = 1000


class Chunks(httpx.SyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks


def answer(chunks: Iterable[bytes], coding: str | None = None) -> httpx.Response:
    """Return an answer whose body has not been read yet."""
    timeouts = {"timeout": {"read": 120.0}}
    request = httpx.Request("GET", "https://elephant.test/", extensions=timeouts)
    headers = {"Content-Encoding": coding} if coding else {}
    return httpx.Response(200, headers=headers, stream=Chunks(chunks), request=request)


def read(response: httpx.Response) -> bytes:
    """Read in a world where no time passes."""
    return read_body(response, MOST, last_moment=0.0, clock=lambda: 0.0)


@pytest.mark.parametrize("coding", [None, "identity", "Identity"])
def test_a_plain_body_is_read_whole(coding: str | None) -> None:
    """Up to the last allowed byte."""
    assert read(answer([b"a" * 600, b"b" * 400], coding)) == b"a" * 600 + b"b" * 400


@pytest.mark.parametrize("coding", ["gzip", "GZIP "])
def test_a_packed_body_is_unpacked(coding: str) -> None:
    """Gzip is what we ask for."""
    packed = gzip.compress(b"a" * MOST)
    assert read(answer([packed[:7], packed[7:]], coding)) == b"a" * MOST


def test_reading_stops_at_the_limit() -> None:
    """A body without end must not fill the memory: not a chunk more is taken than needed."""
    endless = itertools.count()
    with pytest.raises(BodyError, match="over 1000 bytes"):
        read(answer(b"a" * 300 for _ in endless))
    assert next(endless) == 4


def test_a_body_is_not_unpacked_beyond_the_limit() -> None:
    """A few packed bytes can hold gigabytes: refused before they have become that many."""
    bomb = answer([gzip.compress(bytes(32_000_000))], "gzip")
    tracemalloc.start()
    with pytest.raises(BodyError, match="unpacked"):
        read_body(bomb, 100_000, last_moment=0.0, clock=lambda: 0.0)
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
def test_a_body_that_cannot_be_unpacked_is_refused(body: bytes, coding: str) -> None:
    """Codings that were not asked for are not guessed at."""
    with pytest.raises(BodyError):
        read(answer([body], coding))


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_a_body_that_drips_ends_at_its_moment(coding: str | None) -> None:
    """One byte a second keeps every read time-out happy, for hours."""
    clock = itertools.count()
    with pytest.raises(httpx.ReadTimeout):
        read_body(
            answer((b"\x1f" for _ in range(500)), coding),
            MOST,
            last_moment=30.0,
            clock=lambda: float(next(clock)),
        )
    assert next(clock) == 32


@pytest.mark.parametrize(("configured", "silence"), [(120.0, LONGEST_SILENCE), (1.0, 1.0)])
def test_a_body_may_not_be_silent_for_long(configured: float, silence: float) -> None:
    """The long time-out is for the download before the headers, and never grows by this."""
    response = answer([b"x"])
    response.request.extensions["timeout"]["read"] = configured
    read(response)
    assert response.request.extensions["timeout"]["read"] == silence
