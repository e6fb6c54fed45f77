"""Call ids in URL paths. WAVV's ids are opaque: an id may contain a slash or end in ``/insights``.

A percent-encoded slash (``%2F``) belongs to the id: ``/api/calls/a%2Finsights`` is the call
``a/insights``, and ``/api/calls/a/insights`` are the insights of the call ``a``. The server decodes
a path before the path is matched to a route. So the middleware replaces an encoded slash by another
character first.
"""

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

SLASH = "\ue000"
"""Replaces an encoded slash. It is not printable, and ids are printable, so no id contains it."""

_ENCODED_SLASH = re.compile(b"%2f", re.IGNORECASE)
_STAND_IN = SLASH.encode()


class EncodedSlashes:
    """Middleware that replaces encoded slashes in paths under ``/api/calls/`` by ``SLASH``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application with the encoded slashes of its path replaced."""
        raw: bytes = scope.get("raw_path") or b""
        if b"/api/calls/" in raw and _ENCODED_SLASH.search(raw):
            kept = _ENCODED_SLASH.sub(_STAND_IN, raw)
            scope = {**scope, "path": unquote(kept.decode(errors="replace"))}
        await self._app(scope, receive, send)


def call_id_in(parameter: str) -> str:
    """Return the call id in a path parameter, with its slashes restored."""
    return parameter.replace(SLASH, "/")
