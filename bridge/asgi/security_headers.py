"""Headers on every answer, so that a browser does nothing with it that it is not meant for.

``Strict-Transport-Security`` is the TLS proxy's to say: only it knows whether there is TLS.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The strictest that answers to programs can have. A page says itself what else it needs."""

RAW = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY.items())


class SecurityHeaders:
    """Middleware: adds each header that the answer does not have yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message["headers"]
                names = {name.lower() for name, _ in said}
                message["headers"] = [*said, *(one for one in RAW if one[0] not in names)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
