"""Reading a request's body: of the right type, within a time, and never more than the limit."""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from bridge.errors import TooLarge, TooSlow, UnsupportedType

LIMIT = 256 * 1024
BODY_SECONDS = 10.0
"""For the whole body, not from one piece to the next: a sender that drips would never be late."""


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """Return the body; stop reading at the first byte beyond 256 KiB.

    Raises ``UnsupportedType``, ``TooLarge``, ``TooSlow`` after ten seconds, and
    ``ClientDisconnect``.
    """
    _check_type(headers.get("content-type", ""))
    if int(_digits(headers.get("content-length", "0"))) > LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive)
    except TimeoutError:
        told = f"The body was not whole within {BODY_SECONDS:g} s. Send the event again."
        raise TooSlow("body_too_slow", told) from None


async def _read(receive: Receive) -> bytes:
    chunks, size, is_more = [], 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, is_more = message.get("body", b""), message.get("more_body", False)
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
