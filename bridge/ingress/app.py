"""Which way a request goes: events to their door, all else to the rest of the web process."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Ingress:
    """ASGI application: ``receivers`` by path, and ``rest`` for every other path."""

    def __init__(self, receivers: Mapping[str, ASGIApp], rest: ASGIApp) -> None:
        self._receivers = receivers
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        receiver = self._receivers.get(scope["path"]) if scope["type"] == "http" else None
        await (receiver or self._rest)(scope, receive, send)
