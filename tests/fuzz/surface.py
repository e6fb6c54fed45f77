"""The whole application, called as a server calls it, on a real store without outages.

No response may be 5xx. After each round the intake handles the stored events: an accepted event
must not become a dead letter.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from starlette.types import Message

from bridge.pipeline import events
from bridge.services import Services
from bridge.web.app import build_app, with_ingress
from tests.fuzz.requests import REQUESTS, Headers, Request
from tests.fuzz.target import Target
from tests.fuzz.wavv import SAMPLES
from tests.support.web_process import WAVV, services_for, signed

SERVER_ERROR = 500


class DroppingPublisher:
    """A publisher that drops every task."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Drop the task."""


@dataclass
class Response:
    """The messages that the application sent, checked for the order of the protocol."""

    status: int = 0
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False

    async def add(self, message: Message) -> None:
        """Add a message; raise if it comes at the wrong place."""
        if message["type"] == "http.response.start":
            assert self.status == 0, "two responses"
            self.status, self.headers = message["status"], tuple(message["headers"])
            return
        assert self.status, "a body before the head"
        assert not self.ended, "more after the end"
        self.body += message.get("body", b"")
        self.ended = not message.get("more_body", False)


class Surface:
    """The application and its store."""

    def __init__(self, services: Services, redis_url: str) -> None:
        self.services = services
        self.rest = build_app(services, redis_url)
        self.app = with_ingress(self.rest)
        self._runner = asyncio.Runner()
        self.statuses: Counter[int] = Counter()

    def close(self) -> None:
        """Close it as a server does."""
        state = self.rest.state
        for close in (state.commit.close, state.wakeup.close, state.ingress_redis.aclose):
            self._runner.run(close())
        self._runner.close()
        self.services.redis.close()

    @property
    def target(self) -> Target:
        """Return the target of this application."""
        return Target("the HTTP surface", REQUESTS, self.check, self.refresh)

    def check(self, request: Request) -> None:
        """Raise unless the response is complete, no 5xx, and has valid headers."""
        self.send(request)

    def send(self, request: Request) -> Response:
        """Return the response; raise unless it is complete, no 5xx, with valid headers."""
        response = self._runner.run(self._call(request))
        self.statuses[response.status] += 1
        assert response.ended, "no end"
        assert response.status < SERVER_ERROR, (response.status, bytes(response.body))
        for name, value in response.headers:
            assert name == name.lower()
            assert not {*b"\r\n\x00"} & {*name, *value}, (name, value)
        return response

    def refresh(self) -> None:
        """Handle the stored events, delete all keys and store a few calls."""
        self.drain()
        for key in self.services.redis.scan_iter(self.services.keys.of("*"), count=1000):
            self.services.redis.delete(key)
        for raw in SAMPLES[:9]:
            self.check(wavv_delivery(raw))
        self.drain()

    def drain(self) -> None:
        """Handle all stored events; raise if one is left or became a dead letter."""
        while events.drain(self.services):
            pass
        backlog = self.services.inbox.backlog()
        assert backlog.waiting == 0, "an accepted event is not handled"
        assert "events.set_aside" not in self.services.counters.all()

    async def _call(self, request: Request) -> Response:
        pieces = list(request.body) or [b""]

        async def receive() -> Message:
            if not pieces:
                await asyncio.Event().wait()  # the sender waits for its response
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        response = Response()
        await self.app(_scope(request), receive, response.add)
        return response


def wavv_delivery(raw: bytes) -> Request:
    """Return the request that delivers WAVV's event with a valid signature."""
    headers = {"content-type": "application/json", **signed(raw)}
    coded = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return Request("POST", WAVV.encode(), b"", coded, (raw,))


def _scope(request: Request) -> dict[str, Any]:
    """Return the request as an ASGI scope, as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "method": request.method,
        "path": unquote(request.path.decode("ascii")),
        "raw_path": request.path,
        "query_string": request.query,
        "headers": list(request.headers),
        "state": {},
    }


@contextmanager
def surface(redis_url: str) -> Iterator[Surface]:
    """Provide the surface while its store runs."""
    services = replace(services_for(redis_url, {}), publisher=DroppingPublisher())
    surface = Surface(services, redis_url)
    try:
        yield surface
        surface.refresh()
    finally:
        surface.close()
