"""Reads the bodies of requests: checks the content type, and reads at most a limit of bytes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from bridge.asgi.in_flight import FREE, Share
from bridge.errors import BodyTooLargeError, BodyTooSlowError, UnsupportedTypeError
from bridge.reasons import Reason

BODY_SECONDS = 10.0
"""The timeout of the whole body. A timeout for each piece would not bound the total time."""

KIB = 1024


@dataclass(slots=True)
class Body:
    """The body of a request that is being received. ``begun`` holds the pieces received so far."""

    receive: Receive
    begun: list[bytes]
    is_whole: bool = False

    async def read(self, limit: int, share: Share) -> bytes | None:
        """Receive and return the body. Stop and return ``None`` after ``limit`` bytes.

        Raises ``NotStoredError`` if the memory budget for bodies is used up, and
        ``ClientDisconnect`` if the client closes the connection.
        """
        size = 0
        while not self.is_whole:
            piece, self.is_whole = await self._next()
            size += len(piece)
            if self.is_whole and not self.begun and size <= min(FREE, limit):
                return piece  # the usual event: one piece, too small to count for the budget
            self.begun.append(piece)
            if size > limit:
                return None
            share.grow(size)
        share.keep()
        return self.begun[0] if len(self.begun) == 1 else b"".join(self.begun)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield all pieces of the body from the first one, without keeping them in memory."""
        begun, self.begun = self.begun, []
        for piece in begun:
            yield piece
        while not self.is_whole:
            piece, self.is_whole = await self._next()
            yield piece

    async def _next(self) -> tuple[bytes, bool]:
        """Receive the next piece of the body. Return the piece, and whether it is the last one."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message.get("body", b""), not message.get("more_body", False)


def checked_length(headers: Headers) -> int:
    """Return the ``Content-Length`` of a request, or 0 if the header is missing or no number.

    Raises ``UnsupportedTypeError`` if the headers declare a type other than JSON, or a compressed
    body, whose signature cannot be verified.
    """
    content_type, encodings, length = b"", [], b""
    for name, value in headers.raw:  # one pass, because this runs for every event
        if name == b"content-type":
            content_type = content_type or value
        elif name == b"content-length":
            length = length or value
        elif name == b"content-encoding":
            encodings.append(value)
    media_type = content_type.decode("latin-1").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedTypeError(
            Reason.CONTENT_TYPE, "Send the event as JSON, with Content-Type: application/json."
        )
    if encodings:
        encoding = b", ".join(encodings).decode("latin-1")
        if any(coding.strip().lower() not in {"", "identity"} for coding in encoding.split(",")):
            raise UnsupportedTypeError(
                Reason.CONTENT_ENCODING,
                f"The body is sent with Content-Encoding: {encoding[:50]!a}. Send it uncompressed, "
                "and sign the bytes that are sent.",
            )
    return int(length) if length.isdigit() else 0


def too_large(limit: int) -> BodyTooLargeError:
    """Create the error for a body of more than ``limit`` bytes."""
    size = f"{limit // KIB} KiB" if limit % KIB == 0 else f"{limit} bytes"
    return BodyTooLargeError(
        Reason.TOO_LARGE,
        f"The body is over {size}. Send the event without its transcript, or raise "
        "BRIDGE_MAX_EVENT_BYTES.",
    )


def too_slow() -> BodyTooSlowError:
    """Create the error for a body that was not complete before its timeout."""
    detail = f"The body was not complete within {BODY_SECONDS:g} s. Send the event again."
    return BodyTooSlowError(Reason.BODY_TOO_SLOW, detail)
