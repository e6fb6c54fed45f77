"""A stub of AskElephant that responds after a set time, as a process: ``python -m bench.stub``.

``POST`` creates an engagement after ``--post-wait`` seconds. ``GET`` returns the engagement with
all insights after ``--get-wait`` seconds. The signed transcript event is sent to port ``--hook``,
``--hook-after`` seconds after the response to the ``POST``. ``GET /seen`` returns the times of all
requests, on the machine's monotonic clock. ``POST /forget`` deletes these times.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import uvloop

from bench.caller import Caller
from bench.messages import Splitter, request, response
from bench.settings import ELEPHANT_SECRET

HOOK_CONNECTIONS = 8
HOOK_PATH = "/webhooks/askelephant"
TRANSCRIPT = "Agent: Hello. Lead: Hello, thank you for calling. " * 40
INSIGHTS: dict[str, Any] = {
    "action_items": [{"id": f"ai_{n}", "title": "Send pricing proposal"} for n in range(3)],
    "signals": [{"id": f"sg_{n}", "name": "Next step", "value": "A demo"} for n in range(4)],
    "transcript": TRANSCRIPT,
}
KEY = base64.b64decode(ELEPHANT_SECRET.removeprefix("whsec_"))


class Hooks:
    """Sends transcript events to the measured implementation over a few connections.

    A lost connection is replaced, and its event is sent again.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._waiting: deque[bytes] = deque()
        self._idle: list[Caller] = []
        self._open = 0
        self._connecting: set[asyncio.Task[None]] = set()

    def send(self, engagement_id: str, external_url: str) -> None:
        """Send the transcript event of an engagement."""
        self._waiting.append(_event(engagement_id, external_url))
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().send(self._waiting.popleft(), 0)
        if self._waiting and self._open < HOOK_CONNECTIONS:
            self._open += 1
            task = asyncio.create_task(self._connect())
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        make = partial(Caller, self._on_response, self._on_lost)
        try:
            _, caller = await loop.create_connection(make, "127.0.0.1", self._port)
        except OSError:
            self._open -= 1
            return
        self._idle.append(caller)
        self._send_waiting()

    def _on_response(self, caller: Caller, _head: bytes) -> None:
        self._idle.append(caller)
        self._send_waiting()

    def _on_lost(self, caller: Caller) -> None:
        self._open -= 1
        if caller in self._idle:
            self._idle.remove(caller)
        if caller.request is not None:
            self._waiting.append(caller.request)
        self._send_waiting()


@dataclass(frozen=True, slots=True)
class Pace:
    """The delays of the stub in seconds: until its responses, and until the transcript event."""

    post_wait: float
    get_wait: float
    hook_after: float


class Stub(asyncio.Protocol):
    """A connection of the stub of AskElephant, from a measured implementation."""

    def __init__(self, seen: "RequestLog", hooks: Hooks | None, pace: "Pace") -> None:
        self._seen, self._hooks, self._pace = seen, hooks, pace
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport, by which responses are sent."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Handle each complete request in the received bytes."""
        for head, body in self._splitter.feed(data):
            method, path, _ = head.partition(b"\r\n")[0].decode().split(" ")
            self._handle(method, path, body)

    def _handle(self, method: str, path: str, body: bytes) -> None:
        match method, path.partition("?")[0]:
            case "GET", "/seen":
                self._write(response("200 OK", self._seen.as_json()))
            case "POST", "/forget":
                self._seen.forget()
                self._write(response("200 OK"))
            case "POST", _:
                made, wait = self._seen.engagement(), self._pace.post_wait
                self._later(wait, self._created, made, json.loads(body))
            case _, read:
                self._later(self._pace.get_wait, self._shown, self._seen.read(read), {})

    def _later(self, wait: float, act: Callable[..., None], *args: object) -> None:
        asyncio.get_running_loop().call_later(wait, act, *args)

    def _created(self, engagement_id: str, body: dict[str, Any]) -> None:
        url = body["external_url"]
        shown = {"id": engagement_id, "object": "engagement", "external_url": url}
        self._write(response("201 Created", json.dumps(shown).encode()))
        if self._hooks is not None:
            self._later(self._pace.hook_after, self._hooks.send, engagement_id, url)

    def _shown(self, engagement_id: str, _body: dict[str, Any]) -> None:
        shown = {"id": engagement_id, "processing_status": "COMPLETED", **INSIGHTS}
        self._write(response("200 OK", json.dumps(shown).encode()))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


class RequestLog:
    """The requests that the stub received since the last ``forget``.

    Numbers of engagements are never used again.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.forget()

    def forget(self) -> None:
        """Delete the recorded times and ids of all requests."""
        self.posts: list[float] = []
        self.gets: list[float] = []
        self.ids: list[str] = []

    def engagement(self) -> str:
        """Record a ``POST``. Return the id of the new engagement."""
        self.posts.append(time.monotonic())
        return f"ngmt_{next(self._numbers):012d}"

    def read(self, path: str) -> str:
        """Record a ``GET``. Return the id of the engagement in ``path``."""
        self.gets.append(time.monotonic())
        self.ids.append(path.rpartition("/")[2])
        return self.ids[-1]

    def as_json(self) -> bytes:
        """Return the recorded times and ids as JSON."""
        return json.dumps({"posts": self.posts, "gets": self.gets, "ids": self.ids}).encode()


def _event(engagement_id: str, external_url: str) -> bytes:
    about = {"id": engagement_id, "object": "engagement", "external_url": external_url}
    kind = "v1.engagement.transcript_timeline.completed"
    event = {"id": f"evt_{engagement_id}", "type": kind, "data": {"object": about}}
    body, message, at = json.dumps(event).encode(), f"msg_{engagement_id}", int(time.time())
    signed = hmac.digest(KEY, f"{message}.{at}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "svix-id": message,
        "svix-timestamp": str(at),
        "svix-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
    return request("POST", HOOK_PATH, headers, body)


async def serve(port: int, hook: int, pace: Pace) -> None:
    """Run the stub until the process ends."""
    seen, hooks = RequestLog(), Hooks(hook) if hook else None
    loop = asyncio.get_running_loop()
    make = partial(Stub, seen, hooks, pace)
    server = await loop.create_server(make, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    """Parse the command line, and run the stub."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hook", type=int, default=0)
    parser.add_argument("--post-wait", type=float, default=0.02)
    parser.add_argument("--get-wait", type=float, default=0.02)
    parser.add_argument("--hook-after", type=float, default=0.05)
    options = parser.parse_args()
    pace = Pace(options.post_wait, options.get_wait, options.hook_after)
    uvloop.run(serve(options.port, options.hook, pace))


if __name__ == "__main__":
    main()
