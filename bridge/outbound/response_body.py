"""Reads the body of a response with limits of its size, total time, and pauses between chunks.

httpx would decompress a body before its size can be checked, so gzip is decompressed here. The
caller limits the time of the whole request.
"""

import asyncio
import zlib

import httpx

from bridge.errors import BridgeError

LONGEST_SILENCE = 5.0
"""The most seconds between two chunks of a body."""

_GZIP = zlib.MAX_WBITS | 16


class ResponseBodyError(BridgeError):
    """The body of a response is too long, or cannot be decompressed."""


async def read_body(response: httpx.Response, most_bytes: int, seconds: float) -> bytes:
    """Return the decompressed body of a response.

    Raises ``ResponseBodyError`` if the body is over ``most_bytes`` or cannot be decompressed.
    Raises ``httpx.ReadTimeout`` if the body is not complete after ``seconds``, or if no chunk
    arrives for ``LONGEST_SILENCE``.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip"}:
        raise ResponseBodyError(
            f"the response has a Content-Encoding that is not accepted: {coding[:50]}"
        )
    now = asyncio.get_running_loop().time
    end = now() + seconds
    body = bytearray()
    is_gzip = coding == "gzip"
    try:
        async with asyncio.timeout_at(min(end, now() + LONGEST_SILENCE)) as limit:
            async for chunk in response.aiter_raw() if is_gzip else response.aiter_bytes():
                body += chunk
                if len(body) > most_bytes:
                    raise ResponseBodyError(f"the response is over {most_bytes} bytes")
                limit.reschedule(min(end, now() + LONGEST_SILENCE))
    except TimeoutError:
        raise httpx.ReadTimeout("the response's body was not whole in time") from None
    if not is_gzip:
        return bytes(body)
    decompressor = zlib.decompressobj(_GZIP)
    try:
        plain = decompressor.decompress(body, most_bytes + 1)
    except zlib.error:
        raise ResponseBodyError("the response is not the gzip it claims to be") from None
    if len(plain) > most_bytes:
        raise ResponseBodyError(f"the response is over {most_bytes} bytes unpacked")
    if not decompressor.eof:
        raise ResponseBodyError("the response's gzip ends too early")
    return plain
