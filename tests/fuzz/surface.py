"""The whole application, called as a server calls it, on a real store that is there all the time.

So no answer may be 5xx, not even 503. What it stored is handled by the intake after each round: an
event that the ingress lets in must never break its handler.
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


class Deaf:
    """A publisher that keeps nothing."""

    def publish(self, task: str, *args: str, countdown: float = 0) -> None:
        """Let it go."""


@dataclass
class Answer:
    """What the application sent, in the order of the protocol."""

    status: int = 0
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False

    async def take(self, message: Message) -> None:
        """Take a message; one at the wrong place is a failure."""
        if message["type"] == "http.response.start":
            assert self.status == 0, "two answers"
            self.status, self.headers = message["status"], tuple(message["headers"])
            return
        assert self.status, "a body before its head"
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
        """End it as a server would."""
        state = self.rest.state
        for close in (state.commit.close, state.wakeup.close, state.ingress_redis.aclose):
            self._runner.run(close())
        self._runner.close()
        self.services.redis.close()

    @property
    def target(self) -> Target:
        """Return what is to be fuzzed."""
        return Target("the HTTP surface", REQUESTS, self.check, self.refresh)

    def check(self, request: Request) -> None:
        """Raise unless one whole answer comes, no 5xx, with a head that can be sent."""
        self.send(request)

    def send(self, request: Request) -> Answer:
        """Return the response; raise unless it is whole, no 5xx, with a head that can be sent."""
        answer = self._runner.run(self._ask(request))
        self.statuses[answer.status] += 1
        assert answer.ended, "no end"
        assert answer.status < SERVER_ERROR, (answer.status, bytes(answer.body))
        for name, value in answer.headers:
            assert name == name.lower()
            assert not {*b"\r\n\x00"} & {*name, *value}, (name, value)
        return answer

    def refresh(self) -> None:
        """Let the intake handle what came, and begin anew with a few calls."""
        self.drain()
        for key in self.services.redis.scan_iter(self.services.keys.of("*"), count=1000):
            self.services.redis.delete(key)
        for raw in SAMPLES[:9]:
            self.check(wavv_delivery(raw))
        self.drain()

    def drain(self) -> None:
        """Let the intake handle all that was stored; nothing may be left or set aside."""
        while events.drain(self.services):
            pass
        backlog = self.services.inbox.backlog()
        assert backlog.waiting == 0, "an event that was let in breaks its handler"
        assert "events.set_aside" not in self.services.counters.all()

    async def _ask(self, request: Request) -> Answer:
        pieces = list(request.body) or [b""]

        async def receive() -> Message:
            if not pieces:
                await asyncio.Event().wait()  # the sender waits for its answer
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        answer = Answer()
        await self.app(_scope(request), receive, answer.take)
        return answer


def wavv_delivery(raw: bytes) -> Request:
    """Return the request that delivers WAVV's event, well signed."""
    headers = {"content-type": "application/json", **signed(raw)}
    coded = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return Request("POST", WAVV.encode(), b"", coded, (raw,))


def _scope(request: Request) -> dict[str, Any]:
    """Return the request as uvicorn describes it."""
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
    """Give the surface for as long as its store is there."""
    services = replace(services_for(redis_url, {}), publisher=Deaf())
    one = Surface(services, redis_url)
    try:
        yield one
        one.refresh()
    finally:
        one.close()
