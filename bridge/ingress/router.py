"""Routes requests by path: events to their receivers, all others to the rest of the web process."""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

WEBHOOKS = "/webhooks"
_SLASHES = re.compile("/{2,}")


class Ingress:
    """The ASGI application that is served: ``receivers`` by path, ``rest`` for every other path.

    ``unknown`` responds to a POST to any other path below ``/webhooks``. A duplicate slash or a
    slash at the end of a receiver's path is ignored: senders join a base URL and a path carelessly,
    and treat a redirect as a failure.
    """

    def __init__(self, receivers: Mapping[str, ASGIApp], unknown: ASGIApp, rest: ASGIApp) -> None:
        self._receivers = receivers
        self._unknown = unknown
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application of its path."""
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        # uvicorn adds the prefix of ``--root-path``: https://github.com/Kludex/uvicorn/pull/2213
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        app = self._receivers.get(path)
        if app is None:
            path = _SLASHES.sub("/", path).removesuffix("/")
            app = self._receivers.get(path)
        if app is None:
            is_event = scope["method"] == "POST" and f"{path}/".startswith(f"{WEBHOOKS}/")
            app = self._unknown if is_event else self._rest
        await app(scope, receive, send)
