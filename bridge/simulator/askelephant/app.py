"""The sandbox of AskElephant as an ASGI application, and as a uvicorn server."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount

from bridge.simulator.askelephant.background import Background
from bridge.simulator.askelephant.control import Control
from bridge.simulator.askelephant.gateway import GatewayError, handle_gateway_error
from bridge.simulator.askelephant.options import SandboxOptions
from bridge.simulator.askelephant.pages import page_route
from bridge.simulator.askelephant.problems import ApiProblem, handle_http_error, handle_problem
from bridge.simulator.askelephant.processing import Processing
from bridge.simulator.askelephant.recorder import Recorder
from bridge.simulator.askelephant.routes import Engagements
from bridge.simulator.askelephant.webhooks import Webhooks
from bridge.simulator.askelephant.workspace import Workspace

SHUTDOWN_WITHIN = 2
"""On shutdown, requests that have not ended within these seconds are cancelled."""


def create_app(options: SandboxOptions) -> Starlette:
    """Create a sandbox of AskElephant. Two sandboxes share no state."""
    workspace = Workspace(options)
    background = Background()
    webhooks = Webhooks(workspace, background)
    processing = Processing(workspace, background, webhooks)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await webhooks.open()
        yield
        await background.cancel()
        await webhooks.close()

    api = Engagements(workspace, processing).routes()
    control = Control(workspace, processing, webhooks, background).routes()
    return Starlette(
        routes=[
            Mount("/api/v2", routes=api),
            Mount("/v2", routes=api),
            Mount("/sandbox", routes=control),
            page_route(workspace),
        ],
        middleware=[Middleware(Recorder, workspace=workspace)],
        exception_handlers={
            ApiProblem: handle_problem,
            GatewayError: handle_gateway_error,
            HTTPException: handle_http_error,
        },
        lifespan=lifespan,
    )


def server_config(options: SandboxOptions, host: str, port: int) -> uvicorn.Config:
    """Create uvicorn's configuration of a sandbox. It logs only errors, such as a port in use."""
    return uvicorn.Config(
        create_app(options),
        host=host,
        port=port,
        access_log=False,
        log_level="error",
        timeout_graceful_shutdown=SHUTDOWN_WITHIN,
    )


def serve(options: SandboxOptions, host: str, port: int) -> None:
    """Run a sandbox until Ctrl-C or SIGTERM. Print the URL when the sandbox accepts requests."""
    _Server(server_config(options, host, port)).run()


class _Server(uvicorn.Server):
    """A uvicorn server that prints its URL. uvicorn logs it at level info, which is not shown."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then print where. If the port is in use, uvicorn ends the process here."""
        await super().startup(sockets)
        root = f"http://{self.config.host}:{self.config.port}"
        typer.echo(f"The sandbox listens on {root}. Behaviours: {root}/sandbox/behaviours")
