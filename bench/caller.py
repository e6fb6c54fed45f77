"""A keep-alive HTTP connection, used by the load generator and by the stub of AskElephant."""

import asyncio
from collections.abc import Callable
from typing import cast

from bench.messages import Splitter

OnResponse = Callable[["Caller", bytes], None]
"""The callback for a response. It receives the connection, and the status line with the headers."""

OnLost = Callable[["Caller"], None]


class Caller(asyncio.Protocol):
    """An HTTP connection that sends one request at a time. ``on_lost`` is called when it closes."""

    def __init__(self, on_response: OnResponse, on_lost: OnLost) -> None:
        self._on_response, self._on_lost = on_response, on_lost
        self._splitter = Splitter()
        self._transport: asyncio.Transport  # set by ``connection_made``
        self.request: bytes | None = None
        self.due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport, by which requests are sent."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due_at: float) -> None:
        """Send a request. ``due_at`` is its scheduled time, from which latency is measured."""
        self.request, self.due_at = request, due_at
        self._transport.write(request)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Call ``on_response`` for each complete response."""
        for head, _ in self._splitter.feed(data):
            self.request = None
            self._on_response(self, head)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Call ``on_lost``. If ``request`` is still set, the request got no response."""
        self._on_lost(self)
