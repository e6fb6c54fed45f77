"""A keep-alive HTTP connection for the load generator, and for the events of the stub."""

import asyncio
from collections.abc import Callable
from typing import cast

from bench.messages import Splitter

OnResponse = Callable[["Caller", bytes], None]
"""Called with the status line and the headers of a response."""

OnLost = Callable[["Caller"], None]


class Caller(asyncio.Protocol):
    """Sends one request at a time. ``on_lost`` is called when the connection is closed."""

    def __init__(self, on_response: OnResponse, on_lost: OnLost) -> None:
        self._on_response, self._on_lost = on_response, on_lost
        self._splitter = Splitter()
        self._transport: asyncio.Transport  # set by ``connection_made``
        self.request: bytes | None = None
        self.due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due_at: float) -> None:
        """Send a request. ``due_at`` is when it was due, from which its wait is measured."""
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
        """Call ``on_lost``. A ``request`` that is still set got no response."""
        self._on_lost(self)
