"""Transports between the bridge and AskElephant, for what no sandbox does on request."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx


class Interposed(httpx.BaseTransport):
    """Speaks to the sandbox; lets something happen before the bridge sees the answer."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile
        self._http = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Fetch the answer, then let it happen, then hand the answer over."""
        answer = self._http.handle_request(request)
        answer.read()
        self._meanwhile()
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Overheard(httpx.BaseTransport):
    """Speaks to the sandbox; keeps the bodies that were sent."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self._http = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Keep the body, then fetch the answer."""
        self.bodies.append(json.loads(request.read() or b"null"))
        return self._http.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def scripted(answers: Iterable[dict[str, Any]]) -> httpx.MockTransport:
    """Return a transport that answers every request with the next of these engagements."""
    left = iter(answers)
    return httpx.MockTransport(lambda _: httpx.Response(200, json=next(left)))
