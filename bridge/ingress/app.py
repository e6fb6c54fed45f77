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
        receiver = self._receivers.get(_path(scope)) if scope["type"] == "http" else None
        await (receiver or self._rest)(scope, receive, send)


def _path(scope: Scope) -> str:
    """Return the path without the prefix that a proxy serves us under (``--root-path``)."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
