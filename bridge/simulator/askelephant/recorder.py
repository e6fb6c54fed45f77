"""Middleware of the simulated API: adds request ids, records requests, applies faults."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.simulator.askelephant.gateway import GatewayError, gateway_response
from bridge.simulator.askelephant.journal import Received
from bridge.simulator.askelephant.problems import ApiProblem, problem_response
from bridge.simulator.askelephant.spoil import collect_response, send_spoiled
from bridge.simulator.askelephant.stamps import clock, new_id
from bridge.simulator.askelephant.workspace import Workspace

log = structlog.get_logger()

API_VERSION = "v2"
CONTROL = "/sandbox/"


class Recorder:
    """ASGI middleware that records requests and applies faults, except for the control API."""

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self.app = app
        self.workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the request, and pass it to the API unless a fault rejects it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        entry = Received(
            request_id=new_id("req"),
            at=clock(),
            method=request.method,
            path=request.url.path,
            query=request.url.query,
        )
        scope.setdefault("state", {}).update(entry=entry, request_id=entry.request_id)
        if scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        self.workspace.journal.requests.append(entry)
        recording, faults = _recording(send, entry), self.workspace.faults
        try:
            if delay := faults.of(entry.method).delay:
                await self.workspace.pause(delay)
            await faults.apply(entry.method)
        except ApiProblem as problem:
            await problem_response(problem, entry.request_id)(scope, receive, recording)
        except GatewayError as error:
            entry.from_gateway = True
            await gateway_response(error)(scope, receive, recording)
        else:
            await self._respond(scope, receive, recording)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the API's response, delayed or spoiled if the present fault requires it."""
        fault = self.workspace.faults.of(scope["method"])
        changed = self.workspace.faults.changed
        if fault.spoil is None and not fault.lag:
            await self.app(scope, receive, send)
            return
        response = await collect_response(self.app, scope, receive)
        await self.workspace.pause(fault.lag)
        await send_spoiled(response, fault.spoil, send, changed)


def _recording(send: Send, entry: Received) -> Callable[[Message], Awaitable[None]]:
    """Wrap ``send``: record the response's status, and add the headers of all API responses."""

    async def record(message: Message) -> None:
        if message["type"] == "http.response.start":
            entry.status, entry.answered_at = message["status"], clock()
            if not entry.from_gateway:
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = entry.request_id
                headers["X-Api-Version"] = API_VERSION
            log.info(
                "response.sent",
                request_id=entry.request_id,
                method=entry.method,
                path=entry.path,
                status=entry.status,
            )
        await send(message)

    return record
