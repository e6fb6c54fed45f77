"""Security headers on every response: a browser neither runs, frames nor caches it.

``Strict-Transport-Security`` is left to the TLS proxy, because only the proxy knows whether TLS is
used.
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
"""The strictest values, for responses to programs. A page sets its own headers where it needs more.
"""

RAW = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY.items())


class SecurityHeaders:
    """Middleware: adds each of these headers that the response does not have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                names = {name.lower() for name, _ in headers}
                message["headers"] = [*headers, *(pair for pair in RAW if pair[0] not in names)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
