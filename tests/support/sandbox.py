"""A sandbox over real HTTP on a free port, and a receiver for its webhooks."""

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bridge.simulator.askelephant import SandboxOptions, create_app
from tests.support.waiting import WITHIN

Json = dict[str, Any]
WAIT = WITHIN
"""Seconds after which a test that waits has failed."""


@contextmanager
def serving(
    app: ASGIApp, http: type[asyncio.Protocol] | str = "auto", port: int = 0
) -> Iterator[str]:
    """Serve ``app`` on this port of the loopback, or on a free one; yield its base URL.

    The socket listens before the server runs, so early connections wait in its queue. ``http`` is
    uvicorn's protocol.
    """
    listener = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(
        app, http=http, ws="none", access_log=False, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Sandbox:
    """A client of a running sandbox; ``base_url`` ends in ``/api``."""

    def __init__(self, root: str, options: SandboxOptions) -> None:
        self.base_url = f"{root}/api"
        self.token = options.api_keys[0].token
        self.client = httpx.Client(base_url=root, timeout=WAIT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()

    def headers(self) -> dict[str, str]:
        """Return the header with the API key."""
        return {"Authorization": self.token}

    def submit(self, external_id: str, /, **changes: object) -> httpx.Response:
        """POST a call."""
        body = a_call(external_id, **changes)
        return self.client.post("/api/v2/engagements", json=body, headers=self.headers())

    def read(self, engagement_id: str, *expand: str) -> httpx.Response:
        """GET an engagement."""
        params = {"expand": ",".join(expand)} if expand else None
        path = f"/api/v2/engagements/{engagement_id}"
        return self.client.get(path, params=params, headers=self.headers())

    def page(self, **query: str | int) -> httpx.Response:
        """GET a page of the list."""
        return self.client.get("/api/v2/engagements", params=query, headers=self.headers())

    def control(self, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """POST to the control API."""
        return self.client.post(f"/sandbox/{path}", json=body or {})

    def reset(self) -> Self:
        """Delete all data of the sandbox, and return it."""
        assert self.control("reset").status_code == 204
        return self

    def journal(self, settle: float = 0) -> Json:
        """Return the journal; the sandbox may work for ``settle`` more seconds before."""
        found: Json = self.client.get("/sandbox/journal", params={"settle": settle}).json()
        return found

    def settled(self) -> Json:
        """Return the journal after all work of the sandbox is done."""
        found = self.journal(WAIT)
        assert found["settled"]
        return found


@contextmanager
def running_sandbox(options: SandboxOptions) -> Iterator[Sandbox]:
    """Run a sandbox for the block."""
    with serving(create_app(options)) as root, Sandbox(root, options) as sandbox:
        yield sandbox


@dataclass(frozen=True)
class Hook:
    """A webhook request."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """A receiver of webhooks, which responds with each of ``statuses`` in turn, then with 202."""

    statuses: Sequence[int] = ()
    url: str = ""
    arrived: "queue.Queue[Hook]" = field(default_factory=queue.Queue)
    count: int = 0

    def next(self) -> Hook:
        """Wait for the next webhook, and return it."""
        return self.arrived.get(timeout=WAIT)

    async def take(self, request: Request) -> Response:
        """Handle one webhook."""
        self.arrived.put(Hook(dict(request.headers), await request.body()))
        status = self.statuses[self.count] if self.count < len(self.statuses) else 202
        self.count += 1
        return Response(status_code=status, headers={"Location": "/elsewhere"})


@contextmanager
def running_receiver(*statuses: int) -> Iterator[Receiver]:
    """Run a receiver for the block."""
    receiver = Receiver(statuses)
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    with serving(app) as root:
        receiver.url = f"{root}/hook"
        yield receiver


def a_call(external_id: str, /, **changes: object) -> Json:
    """Return a body that the API accepts; a change to ``None`` removes the key."""
    body: Json = {
        "type": "CALL",
        "title": "Call with Jane Doe",
        "source_system": "wavv",
        "external_id": external_id,
        "media_url": "https://recordings.example.com/call.mp3",
        "external_url": f"wavv://call/{external_id}",
        "run_workflows": True,
        "start_at": "2026-05-13T14:00:00Z",
        "participants": [
            {"name": "Alice Smith", "email": "alice@dialer.example", "is_owner": True},
            {"name": "Jane Doe", "email": "jane@customer.example", "phone": "+14155550100"},
        ],
    }
    return {key: value for key, value in (body | changes).items() if value is not None}
