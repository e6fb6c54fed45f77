"""Reading the body of a response: bounded in size, also unpacked, and never silent for long.

httpx unpacks a body before its size can be counted, so packed bodies are unpacked here. The time of
the whole request is bounded by its caller.
"""

import asyncio
import zlib

import httpx

LONGEST_SILENCE = 5.0
"""Seconds between two chunks of a body that has begun."""

_GZIP = zlib.MAX_WBITS | 16


class BodyError(Exception):
    """The body is too long, or packed in a way that was not asked for."""


async def read_body(response: httpx.Response, most_bytes: int, seconds: float) -> bytes:
    """Return the body; raise ``BodyError``, or ``httpx.ReadTimeout`` when it is not whole in time.

    What drips in for longer than ``seconds`` may be out of date when it is whole.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip"}:
        raise BodyError(f"the response is encoded as {coding[:50]}")
    now = asyncio.get_running_loop().time
    end = now() + seconds
    body = bytearray()
    is_packed = coding == "gzip"
    try:
        async with asyncio.timeout_at(min(end, now() + LONGEST_SILENCE)) as limit:
            async for chunk in response.aiter_raw() if is_packed else response.aiter_bytes():
                body += chunk
                if len(body) > most_bytes:
                    raise BodyError(f"the response is over {most_bytes} bytes")
                limit.reschedule(min(end, now() + LONGEST_SILENCE))
    except TimeoutError:
        raise httpx.ReadTimeout("the response's body was not whole in time") from None
    return _unpacked(body, most_bytes) if is_packed else bytes(body)


def _unpacked(body: bytes | bytearray, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(body, most_bytes + 1)
    except zlib.error:
        raise BodyError("the response is not the gzip it claims to be") from None
    if len(plain) > most_bytes:
        raise BodyError(f"the response is over {most_bytes} bytes unpacked")
    if not unpacker.eof:
        raise BodyError("the response's gzip ends too early")
    return plain
