"""Reading a request's body: of the right type, within a time, and never more than the limit."""

import asyncio

from starlette.requests import Request

from bridge.errors import TooLarge, TooSlow, UnsupportedType

LIMIT = 256 * 1024
BODY_SECONDS = 10.0
"""For the whole body, not from one piece to the next: a sender that drips would never be late."""


async def read_body(request: Request) -> bytes:
    """Return the body; stop reading at the first byte beyond 256 KiB.

    Raises ``UnsupportedType``, ``TooLarge``, and ``TooSlow`` after ten seconds.
    """
    _check_type(request.headers.get("content-type", ""))
    if int(_digits(request.headers.get("content-length", "0"))) > LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request)
    except TimeoutError:
        told = f"The body was not whole within {BODY_SECONDS:g} s. Send the event again."
        raise TooSlow("body_too_slow", told) from None


async def _read(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LIMIT:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def _check_type(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedType(
            "content_type", "Send the event as JSON, with Content-Type: application/json."
        )


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() else "0"


def _too_large() -> TooLarge:
    return TooLarge("too_large", f"The body is over {LIMIT // 1024} KiB. No event is as large.")
