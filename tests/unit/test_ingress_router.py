"""Which way a request goes: to its receiver, or to the rest of the web process."""

import asyncio

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.ingress.router import Ingress


def named(name: str, taken: list[str]) -> ASGIApp:
    """Return an application that only writes down that it was asked."""

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        taken.append(name)

    return app


async def nothing() -> Message:
    """Give nothing."""
    return {}


async def nowhere(_message: Message) -> None:
    """Let it go."""


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
def test_only_http_to_a_doors_own_path_goes_to_it(scope: Scope, way: str) -> None:
    """Behind a proxy that serves the bridge under a prefix as well."""
    taken: list[str] = []
    app = Ingress(
        {"/webhooks/wavv": named("receiver", taken)}, named("unknown", taken), named("rest", taken)
    )
    asyncio.run(app(scope, nothing, nowhere))
    assert taken == [way]
