"""Security headers of every response: browsers may not run, frame or cache the response.

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
"""The headers and their strictest values, for responses to programs. HTML pages set other values.
"""

RAW = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY.items())


class SecurityHeaders:
    """Middleware that adds each header of ``SECURITY`` that the response does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, and add the headers to the response."""
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
