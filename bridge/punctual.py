"""Requests that end: no answer may take longer than its request's last moment, however it drips.

httpx's read time-out starts anew with every piece that comes, and httpcore reads an answer's head
piece by piece: a server that sends a byte now and then would hold a worker for hours, and outlive
the lease on its call. So each piece is waited for no longer than the request has left.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx


class Deadlines(threading.local):
    """The last moment of the request that this thread is at, by the monotonic clock."""

    last_moment: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give the requests that are made meanwhile this long."""
        self.last_moment = time.monotonic() + seconds
        try:
            yield
        finally:
            self.last_moment = None

    def left(self, timeout: float | None) -> float | None:
        """Return how long may be waited for the next piece; raise ``ReadTimeout`` if no more."""
        if self.last_moment is None:
            return timeout
        left = self.last_moment - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer came too slowly")
        return left if timeout is None else min(timeout, left)


def make_punctual(client: httpx.Client) -> Deadlines:
    """Let the client's connections heed the deadlines that are returned.

    httpx has no setting for it: its transports' pools, proxies' included, get another backend.
    """
    deadlines = Deadlines()
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - as told
        pool = getattr(transport, "_pool", None)
        if pool is not None:  # a test's transport has none
            pool._network_backend = _Backend(pool._network_backend, deadlines)  # noqa: SLF001 - as told
    return deadlines


class _Backend(httpcore.NetworkBackend):
    """Opens connections that heed the deadlines."""

    def __init__(self, backend: httpcore.NetworkBackend, deadlines: Deadlines) -> None:
        self._backend, self._deadlines = backend, deadlines

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._deadlines)


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream, deadlines: Deadlines) -> None:
        self._stream, self._deadlines = stream, deadlines

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadlines.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(stream, self._deadlines)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore's
        return self._stream.get_extra_info(info)
