"""Answers that go wrong after everything was done: late, broken off, dripping, nonsense, huge.

The client learns little or nothing of what it has asked for, and it is done all the same.
"""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send

DRIP_EVERY = 0.25
"""Seconds between two bytes of a dripping body, in real time: it is the client's patience."""

HUGE = 10 * 1024 * 1024
_BLANKS = b" " * 65536


class Spoil(StrEnum):
    """How an answer is spoiled."""

    ERROR = "error"
    RESET = "reset"
    DRIP = "drip"
    GARBAGE = "garbage"
    HTML = "html"
    HUGE = "huge"


class Answer:
    """The answer of an application, held back until it is whole."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    async def take(self, message: Message) -> None:
        """Keep a message that the application sends."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


async def answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """Let the application do all it does, and return what it would have answered."""
    answer = Answer()
    await app(scope, receive, answer.take)
    return answer


async def send_spoiled(answer: Answer, how: Spoil | None, send: Send, over: asyncio.Event) -> None:
    """Send an answer in the given way; what drips comes at once when the fault is ``over``.

    An application that ends in the middle of a body makes uvicorn close the connection.
    """
    status = 500 if how is Spoil.ERROR else answer.start["status"]
    kind = b"text/html" if how is Spoil.HTML else b"application/json"
    kept = [pair for pair in answer.start["headers"] if pair[0] not in _REPLACED]
    headers = [*kept, (b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    async for part in _parts(answer.body, how, over):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    if how is not Spoil.RESET:
        await send({"type": "http.response.body"})


_REPLACED = {b"content-length", b"content-type"}


async def _parts(body: bytes, how: Spoil | None, over: asyncio.Event) -> AsyncIterator[bytes]:
    match how:
        case Spoil.ERROR:
            yield b'{"detail": "failed after everything was done"}'
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
            async for part in _drops(body, over):
                yield part
        case None:
            yield body


async def _drops(body: bytes, over: asyncio.Event) -> AsyncIterator[bytes]:
    for index in range(len(body)):
        if over.is_set():
            yield body[index:]
            return
        yield body[index : index + 1]
        try:
            await asyncio.wait_for(over.wait(), DRIP_EVERY)
        except TimeoutError:
            continue
