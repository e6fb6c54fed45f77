"""Spoils responses to processed requests: truncated, sent byte by byte, not JSON, or huge.

The request has its effect, but the client cannot read the result.
"""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send

DRIP_EVERY = 0.25
"""Seconds between two bytes of a body that is sent byte by byte, whatever the sandbox's scale."""

HUGE = 10 * 1024 * 1024
_BLANKS = b" " * 65536
_REPLACED = {b"content-length", b"content-type"}


class Spoil(StrEnum):
    """The ways to spoil a response."""

    ERROR = "error"
    RESET = "reset"
    DRIP = "drip"
    GARBAGE = "garbage"
    HTML = "html"
    HUGE = "huge"


class CollectedResponse:
    """The complete response of an application, held back to be spoiled."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    async def add(self, message: Message) -> None:
        """Add an ASGI message of the response."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


async def collect_response(app: ASGIApp, scope: Scope, receive: Receive) -> CollectedResponse:
    """Run the application, and return the response instead of sending it to the client."""
    response = CollectedResponse()
    await app(scope, receive, response.add)
    return response


async def send_spoiled(
    response: CollectedResponse, how: Spoil | None, send: Send, changed: asyncio.Event
) -> None:
    """Send a response, spoiled as ``how`` requires. Sending byte by byte ends at ``changed``.

    uvicorn closes the connection if an application returns before its response is complete:
    https://github.com/Kludex/uvicorn/blob/master/uvicorn/protocols/http/httptools_impl.py.
    """
    status = 500 if how is Spoil.ERROR else response.start["status"]
    kind = b"text/html" if how is Spoil.HTML else b"application/json"
    kept = [pair for pair in response.start["headers"] if pair[0] not in _REPLACED]
    headers = [*kept, (b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    async for part in _parts(response.body, how, changed):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if how is not Spoil.RESET:
        await send({"type": "http.response.body"})


async def _parts(body: bytes, how: Spoil | None, changed: asyncio.Event) -> AsyncIterator[bytes]:
    match how:
        case Spoil.ERROR:
            yield b'{"detail": "failed after the request was processed"}'
        case Spoil.GARBAGE:
            yield b'{"object": "engagement", "id": <html>'
        case Spoil.HTML:
            yield b"<!doctype html><title>One moment, please</title>"
        case Spoil.RESET:
            yield body[: len(body) // 2]
        case Spoil.HUGE:
            for _ in range(HUGE // len(_BLANKS)):
                yield _BLANKS
            yield body
        case Spoil.DRIP:
            async for part in _drops(body, changed):
                yield part
        case None:
            yield body


async def _drops(body: bytes, changed: asyncio.Event) -> AsyncIterator[bytes]:
    for index in range(len(body)):
        if changed.is_set():
            yield body[index:]
            return
        yield body[index : index + 1]
        try:
            await asyncio.wait_for(changed.wait(), DRIP_EVERY)
        except TimeoutError:
            continue
