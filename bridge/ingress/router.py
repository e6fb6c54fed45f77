"""Routes requests by path: events to their receivers, all others to the rest of the web process."""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.ingress.sources import ElephantSource, WavvSource, WebhookSource
from bridge.wavv.events import Reading
from config import Settings

WEBHOOKS = "/webhooks"
_SLASHES = re.compile("/{2,}")


def webhook_sources(settings: Settings, reading: Reading) -> dict[str, WebhookSource]:
    """Return the source (WAVV or AskElephant) whose events each URL path receives."""
    wavv = WavvSource(
        secrets=tuple(secret.get_secret_value() for secret in settings.wavv_secrets),
        auth=settings.wavv_auth,
        tolerance=settings.wavv_signature_tolerance.total_seconds(),
        reading=reading,
    )
    secrets = tuple(secret.get_secret_value() for secret in settings.askelephant_webhook_secrets)
    return {"/webhooks/wavv": wavv, "/webhooks/askelephant": ElephantSource(secrets)}


class Ingress:
    """The ASGI application of the web process, which routes each request by its path.

    ``receivers`` maps the paths of webhooks to their applications. ``unknown`` responds to a POST
    to any other path under ``/webhooks``, and ``rest`` to all other requests. A double slash, or a
    slash at the end of a webhook's path, is ignored: senders join a base URL and a path carelessly,
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
