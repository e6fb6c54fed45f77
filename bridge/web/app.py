"""Creates the ASGI application of the web process: webhooks, health, metrics, and the API."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bridge import __version__
from bridge.api import audit, dead_letters, docs, holds, replays, routes
from bridge.api.auth import warn_of_short
from bridge.api.known_parameters import require_known_parameters
from bridge.api.paths import EncodedSlashes
from bridge.api.token_throttle import TokenThrottle
from bridge.asgi.in_flight import BodiesInFlight
from bridge.asgi.request_id import RequestId
from bridge.asgi.security_headers import SecurityHeaders
from bridge.ingress.group_commit import GroupCommit
from bridge.ingress.receive import Receiver, Refusals, UnknownReceiver
from bridge.ingress.router import Ingress, webhook_sources
from bridge.ingress.wake_workers import WorkerWakeup
from bridge.services import Services, build_services
from bridge.store.cluster import refuse_cluster
from bridge.store.connection import connect_async
from bridge.wavv.alias_settings import require_known_fields
from bridge.web.errors import add_error_handlers
from bridge.web.metrics import exposition
from bridge.web.readiness import Check, is_ready, readiness
from config import SettingsError
from config.logging import start_process

READINESS_SECONDS = 4.0


def create_app() -> ASGIApp:
    """Create the application from the settings. Raises ``SystemExit`` if a setting is invalid."""
    try:
        settings = start_process()
        require_known_fields(settings)
        if settings.redis_url is None:
            raise SystemExit("BRIDGE_REDIS_URL must be set, or start everything with: bridge up")
        refuse_cluster(settings.redis_url)
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    warn_of_short(settings.named_tokens)
    return with_ingress(build_app(build_services(settings), settings.redis_url))


def build_app(services: Services, redis_url: str) -> FastAPI:
    """Create the application with all routes. Its state holds the receivers of webhooks."""
    app = FastAPI(
        title="WAVV-AskElephant bridge",
        version=__version__,
        docs_url=None,  # FastAPI's page loads scripts from another host: see bridge.api.docs
        openapi_url="/api/openapi.json",
        redoc_url=None,
        redirect_slashes=False,  # webhook senders treat a redirect as a failure
        lifespan=_lifespan,
    )
    app.state.services = services
    app.state.api_tokens = services.settings.named_tokens
    app.state.token_throttle = TokenThrottle(time.monotonic)
    redis = connect_async(redis_url)
    app.state.ingress_redis = redis
    app.state.wakeup = WorkerWakeup(services.publisher)
    remember = int(services.settings.event_retention.total_seconds())
    app.state.commit = GroupCommit(redis, services.keys, remember, app.state.wakeup)
    refusals, bodies = Refusals(redis, services.keys), BodiesInFlight()
    limit = services.settings.max_event_bytes
    app.state.receivers = {
        path: Receiver(source, app.state.commit, refusals, bodies, limit)
        for path, source in webhook_sources(services.settings, services.reading).items()
    }
    app.state.unknown = UnknownReceiver([*app.state.receivers], refusals)
    alive = JSONResponse({"status": "alive", "version": __version__})
    app.router.routes += [
        Route("/livez", alive, methods=["GET"]),
        Route("/readyz", _readyz),
        Route("/metrics", _metrics),
        *docs.ROUTES,
    ]
    for module in (routes, replays, dead_letters, holds, audit):
        app.include_router(module.router, dependencies=[Depends(require_known_parameters)])
    app.add_middleware(EncodedSlashes)
    add_error_handlers(app)
    return app


def with_ingress(app: FastAPI) -> ASGIApp:
    """Wrap the application, so that webhooks bypass FastAPI, which is slower."""
    return RequestId(SecurityHeaders(Ingress(app.state.receivers, app.state.unknown, rest=app)))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """On shutdown, write the accepted events to Redis and publish the wake-up of the workers."""
    yield
    await app.state.commit.close()
    await app.state.wakeup.close()
    await app.state.ingress_redis.aclose()


async def _readyz(request: Request) -> Response:
    checking = asyncio.to_thread(readiness, request.app.state.services)
    try:
        checks = await asyncio.wait_for(checking, READINESS_SECONDS)
    except TimeoutError:
        late = f"does not respond within {READINESS_SECONDS:g} s: check the network to Redis"
        checks = [Check("redis", ok=False, detail=late)]
    ready = is_ready(checks)
    body = {
        "status": "ready" if ready else "not ready",
        "checks": {c.name: {"ok": c.ok, "detail": c.detail} for c in checks},
        "warnings": [f"{c.name}: {c.detail}" for c in checks if not (c.ok or c.required)],
    }
    return JSONResponse(body, status_code=200 if ready else 503)


async def _metrics(request: Request) -> Response:
    text = await asyncio.to_thread(exposition, request.app.state.services)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")
