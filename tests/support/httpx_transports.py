"""Transports between the bridge and the sandbox that run code, or record what is sent."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx


class InterruptedTransport(httpx.AsyncBaseTransport):
    """A transport that runs a callback before the bridge gets the response."""

    def __init__(self, before_response: Callable[[], object]) -> None:
        self._meanwhile = before_response
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fetch the response, run the callback in a thread, then return the response."""
        response = await self._http.handle_async_request(request)
        body = b"".join([chunk async for chunk in response.aiter_raw()])
        await response.aclose()
        await asyncio.to_thread(self._meanwhile)
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class RecordingTransport(httpx.AsyncBaseTransport):
    """A transport that records the bodies of requests."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record the body, then send the request."""
        self.bodies.append(json.loads(await request.aread() or b"null"))
        return await self._http.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def scripted(engagements: Iterable[dict[str, Any]]) -> httpx.MockTransport:
    """Return a transport that responds to each request with the next of these engagements."""
    left = iter(engagements)
    return httpx.MockTransport(lambda _: httpx.Response(200, json=next(left)))
