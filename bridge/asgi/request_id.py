"""Gives every request an id: the sender's ``X-Request-Id`` if it is well-formed, else a new one."""

import re
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

HEADER = b"x-request-id"
WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,100}")


class RequestId:
    """Middleware that adds the request's id to all its log lines and to the response's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set ``scope["state"]["request_id"]``, and pass the request to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == HEADER and WELL_FORMED.fullmatch(value):
                request_id: str = value.decode()
                break
        else:
            request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, request_id.encode())]
            await send(message)

        bind_contextvars(request_id=request_id)  # each request is a task with a separate context
        await self._app(scope, receive, send_with_id)
