"""Transports between the bridge and AskElephant, for what no sandbox does on request."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx


class Interposed(httpx.AsyncBaseTransport):
    """Speaks to the sandbox; lets something happen before the bridge sees the response."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fetch the response, then let it happen, in a thread, then hand the response over."""
        response = await self._http.handle_async_request(request)
        body = b"".join([chunk async for chunk in response.aiter_raw()])
        await response.aclose()
        await asyncio.to_thread(self._meanwhile)
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class Overheard(httpx.AsyncBaseTransport):
    """Speaks to the sandbox; keeps the bodies that were sent."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Keep the body, then fetch the response."""
        self.bodies.append(json.loads(await request.aread() or b"null"))
        return await self._http.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def scripted(answers: Iterable[dict[str, Any]]) -> httpx.MockTransport:
    """Return a transport that answers every request with the next of these engagements."""
    left = iter(answers)
    return httpx.MockTransport(lambda _: httpx.Response(200, json=next(left)))
