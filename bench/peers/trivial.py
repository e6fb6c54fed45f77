"""A server that returns 202 for every request, to measure the load generator alone."""

import asyncio
import sys
from typing import cast

import uvloop

from bench.messages import Splitter, response

ACCEPTED = response("202 Accepted")


class Trivial(asyncio.Protocol):
    """A connection of the server that returns 202 for each request."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport, by which responses are sent."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send a 202 for each complete request."""
        for _ in self._splitter.feed(data):
            if self._transport is not None:
                self._transport.write(ACCEPTED)


async def serve(port: int) -> None:
    """Run the server until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Trivial, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
