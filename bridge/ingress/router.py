"""Which way a request goes: events to their receivers, all else to the rest of the web process."""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

WEBHOOKS = "/webhooks"
_SLASHES = re.compile("/{2,}")


class Ingress:
    """ASGI application: ``receivers`` by path, and ``rest`` for every other path.

    A doubled slash, or one at the end, is ignored in the receivers' paths: senders join a base URL
    and a path carelessly, and take a redirect for a failure. ``unknown`` is for events
    that are sent to another path below ``/webhooks``.
    """

    def __init__(self, receivers: Mapping[str, ASGIApp], unknown: ASGIApp, rest: ASGIApp) -> None:
        self._receivers = receivers
        self._unknown = unknown
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        app = self._app(scope) if scope["type"] == "http" else self._rest
        await app(scope, receive, send)

    def _app(self, scope: Scope) -> ASGIApp:
        path = _path(scope)
        receiver = self._receivers.get(path)
        if receiver is not None:
            return receiver
        path = _SLASHES.sub("/", path).removesuffix("/")
        if path in self._receivers:
            return self._receivers[path]
        is_event = scope["method"] == "POST" and f"{path}/".startswith(f"{WEBHOOKS}/")
        return self._unknown if is_event else self._rest


def _path(scope: Scope) -> str:
    """Return the path without the prefix that a proxy serves us under (``--root-path``)."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
