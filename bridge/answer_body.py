"""Reading the body of an answer: bounded in size, also unpacked, and in time.

httpx's read time-out starts anew with every chunk, so a server that drips could hold a worker for
hours, and it unpacks what came before anyone can count it. Hence two rules. **The body's time**:
once the headers are there the body must be whole by one moment, and never be silent for long. **The
body's size**: it counts as it comes and again as it unpacks, and nothing is unpacked beyond it.
"""

import zlib
from collections.abc import Callable, Iterator

import httpx

LONGEST_SILENCE = 5.0
"""Seconds between two chunks of a body that has begun."""

_GZIP = zlib.MAX_WBITS | 16


class BodyError(Exception):
    """The body is too long, or packed in a way that was not asked for."""


def read_body(
    answer: httpx.Response, most_bytes: int, last_moment: float, clock: Callable[[], float]
) -> bytes:
    """Return the body; raise ``BodyError`` or ``httpx.ReadTimeout``. ``clock`` counts seconds."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip"}:
        raise BodyError(f"the answer is encoded as {coding[:50]}")
    packed = coding == "gzip"
    _shorten_silence(answer.request)
    body = bytearray()
    for chunk in _on_time(answer.iter_raw() if packed else answer.iter_bytes(), last_moment, clock):
        body += chunk
        if len(body) > most_bytes:
            raise BodyError(f"the answer is over {most_bytes} bytes")
    return _unpacked(body, most_bytes) if packed else bytes(body)


def _shorten_silence(request: httpx.Request) -> None:
    """Httpcore looks at the read time-out once more when it begins to read the body."""
    timeouts = request.extensions["timeout"]
    timeouts["read"] = min(timeouts["read"], LONGEST_SILENCE)


def _on_time(
    chunks: Iterator[bytes], last_moment: float, clock: Callable[[], float]
) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if clock() > last_moment:
            raise httpx.ReadTimeout("the body came too slowly")


def _unpacked(body: bytes | bytearray, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(body, most_bytes + 1)
    except zlib.error:
        raise BodyError("the answer is not the gzip it claims to be") from None
    if len(plain) > most_bytes:
        raise BodyError(f"the answer is over {most_bytes} bytes unpacked")
    if not unpacker.eof:
        raise BodyError("the answer's gzip ends too early")
    return plain
