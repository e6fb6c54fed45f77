"""A request id for every request: the sender's own if it is a sane one, else ours."""

import re
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

HEADER = b"x-request-id"
SANE = re.compile(rb"[A-Za-z0-9._-]{1,100}")


class RequestId:
    """Middleware: binds the id to the log, and returns it in ``X-Request-Id``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, request_id.encode())]
            await send(message)

        bind_contextvars(request_id=request_id)  # each request runs in a context of its own
        await self._app(scope, receive, send_with_id)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == HEADER and SANE.fullmatch(value):
            return str(value.decode())
    return uuid.uuid4().hex
