"""A TCP proxy on the loopback whose connections can be cut, slowed, frozen and refused."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any, Self, TypeVar

CHUNK = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with zero seconds: closing a socket then sends RST."""

Done = TypeVar("Done")
End = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Underway = asyncio.Queue[tuple[float, bytes]]
"""Bytes with the time of their delivery."""


class Connection:
    """One connection through the proxy, which forwards the bytes of each end to the other."""

    def __init__(self, proxy: "Proxy", near: End, far: End) -> None:
        self._proxy = proxy
        self._ends = (near, far)
        self._thawed = asyncio.Event()
        self._thawed.set()

    async def carry(self) -> None:
        """Forward bytes both ways until one end closes."""
        near, far = self._ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(near[0], far[1]))
                group.create_task(self._pump(far[0], near[1]))
        except* (OSError, EOFError):
            pass
        finally:
            self.cut()

    def freeze(self) -> None:
        """Stop forwarding for good: neither bytes nor the end of the connection pass."""
        self._thawed.clear()

    def reset(self) -> None:
        """Reset the connection at both ends with RST."""
        for _, writer in self._ends:
            sock: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.cut()

    def cut(self) -> None:
        """Close both ends at once and drop undelivered bytes."""
        for _, writer in self._ends:
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read without waiting for the delayed delivery: delay does not limit throughput."""
        underway: Underway = asyncio.Queue()
        loop, data = asyncio.get_running_loop(), b"begin"
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(underway, writer))
            while data:
                data = await reader.read(CHUNK)
                await self._thawed.wait()
                underway.put_nowait((loop.time() + self._proxy.delay, data))
        raise EOFError

    async def _deliver(self, underway: Underway, writer: asyncio.StreamWriter) -> None:
        """Write each chunk at its time; an empty chunk closes the writer."""
        while True:
            due, data = await underway.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            await self._thawed.wait()
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


class Proxy:
    """Listens on ``port`` and forwards connections to ``target``; callable from any thread.

    ``delay`` is the number of seconds that bytes need in each direction.
    """

    def __init__(self, target: int, port: int) -> None:
        self.target, self.port = target, port
        self.delay = 0.0
        self._connections: set[Connection] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._freezes_new = False
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """The proxy's address as ``host:port``."""
        return f"127.0.0.1:{self.port}"

    def accept(self) -> None:
        """Start to listen."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Stop listening and cut all connections, so that new ones are refused."""
        self._do(self._refuse())

    def reset(self, share: float = 1.0, rng: Random | None = None) -> int:
        """Reset a share of the connections; return their number."""
        return self._do(self._each(Connection.reset, share, rng))

    def freeze(self, share: float = 1.0, rng: Random | None = None, *, new: bool = True) -> int:
        """Freeze a share of the connections for good, and if ``new`` also later ones."""
        self._freezes_new = new
        return self._do(self._each(Connection.freeze, share, rng))

    def thaw(self) -> None:
        """Forward new connections again; frozen ones stay frozen."""
        self._freezes_new = False

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.cut()

    async def _close(self) -> None:
        await self._refuse()
        for task in list(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _each(
        self, act: Callable[[Connection], None], share: float, rng: Random | None
    ) -> int:
        chosen = [each for each in self._connections if rng is None or rng.random() < share]
        for connection in chosen:
            act(connection)
        return len(chosen)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
        else:
            with suppress(
                asyncio.CancelledError
            ):  # raised at the end; asyncio's streams would log it
                await self._carry(Connection(self, (reader, writer), far))
        finally:
            self._carrying.discard(task)

    async def _carry(self, connection: Connection) -> None:
        if self._freezes_new:
            connection.freeze()
        self._connections.add(connection)
        try:
            await connection.carry()
        finally:
            self._connections.discard(connection)

    def _do(self, work: Coroutine[Any, Any, Done]) -> Done:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
