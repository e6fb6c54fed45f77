"""One keep-alive connection that asks, and hears the answer: for the load and the stub's events."""

import asyncio
from collections.abc import Callable
from typing import cast

from bench.messages import Splitter

Answered = Callable[["Caller", bytes], None]
"""Called with the answer's status line and headers."""

Lost = Callable[["Caller"], None]


class Caller(asyncio.Protocol):
    """Sends one request at a time. ``lost`` is called when the connection has gone."""

    def __init__(self, answered: Answered, lost: Lost) -> None:
        self._answered, self._lost = answered, lost
        self._splitter = Splitter()
        self._transport: asyncio.Transport  # from ``connection_made`` on
        self.asked: bytes | None = None
        self.asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes, at: float) -> None:
        """Send a request; ``at`` is when it was due, for whoever measures its answer."""
        self.asked, self.asked_at = request, at
        self._transport.write(request)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Tell of each answer."""
        for head, _ in self._splitter.feed(data):
            self.asked = None
            self._answered(self, head)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell that it is over; what was asked may not have been heard."""
        self._lost(self)
