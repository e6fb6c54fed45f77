"""Tests for the routing of a request: to its receiver, or to the rest of the web process."""

import asyncio

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.ingress.router import Ingress


def named(name: str, called: list[str]) -> ASGIApp:
    """Return an application that records its name when it is called."""

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        called.append(name)

    return app


async def nothing() -> Message:
    """Return an empty message."""
    return {}


async def nowhere(_message: Message) -> None:
    """Ignore the message."""


@pytest.mark.parametrize(
    ("scope", "way"),
    [
        ({"type": "http", "path": "/webhooks/wavv"}, "receiver"),
        ({"type": "http", "path": "/webhooks/wavv", "root_path": ""}, "receiver"),
        ({"type": "http", "path": "/bridge/webhooks/wavv", "root_path": "/bridge"}, "receiver"),
        (
            {
                "type": "http",
                "path": "/other/webhooks/wavv",
                "root_path": "/bridge",
                "method": "POST",
            },
            "rest",
        ),
        ({"type": "http", "path": "/bridge/webhooks/wavv", "method": "POST"}, "rest"),
        ({"type": "http", "path": "/webhooks/wavv/"}, "receiver"),
        ({"type": "http", "path": "//webhooks///wavv//"}, "receiver"),
        ({"type": "http", "path": "/bridge//webhooks/wavv/", "root_path": "/bridge"}, "receiver"),
        ({"type": "http", "path": "/WEBHOOKS/wavv", "method": "POST"}, "rest"),
        ({"type": "http", "path": "/webhooks/WAVV", "method": "POST"}, "unknown"),
        ({"type": "http", "path": "/webhooks", "method": "POST"}, "unknown"),
        ({"type": "http", "path": "/webhooks/WAVV", "method": "GET"}, "rest"),
        ({"type": "http", "path": "/webhooksx", "method": "POST"}, "rest"),
        ({"type": "http", "path": "/", "method": "POST"}, "rest"),
        ({"type": "http", "path": "", "method": "POST"}, "rest"),
        ({"type": "websocket", "path": "/webhooks/wavv"}, "rest"),
        ({"type": "lifespan"}, "rest"),
    ],
)
def test_only_http_to_a_receivers_path_goes_to_it(scope: Scope, way: str) -> None:
    """HTTP requests to a receiver's path go to it, also under a proxy's prefix."""
    called: list[str] = []
    app = Ingress(
        {"/webhooks/wavv": named("receiver", called)},
        named("unknown", called),
        named("rest", called),
    )
    asyncio.run(app(scope, nothing, nowhere))
    assert called == [way]
