"""The embedded Valkey: what it keeps, and that nobody else gets at its data."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from bridge.supervise.embedded import DataInUse, embedded_valkey, free_port
from tests.scenarios.process import Process
from tests.scenarios.waiting import wait_for

OUTGOING = 32_768
"""The lowest port that Linux gives to outgoing connections."""

STARTS_AND_WAITS = """\
import asyncio, sys
from pathlib import Path
from bridge.supervise.child import Child
from bridge.supervise.embedded import embedded_valkey

async def run(url, command):
    child = Child(command, lambda *_: None)
    running = asyncio.create_task(child.run())
    await child.wait_until_ready()
    print(url, flush=True)
    await running

with embedded_valkey(Path(sys.argv[1])) as (url, command):
    asyncio.run(run(url, command))
"""


@contextmanager
def running_valkey(data: Path) -> Iterator[Redis]:
    """Run it on ``data``; give a connection."""
    with embedded_valkey(data) as (url, command), Process(command, data):
        assert command.is_ready is not None
        wait_for(command.is_ready, bool, "Valkey answers")
        with Redis.from_url(url, decode_responses=True) as redis:
            yield redis


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("maxmemory-policy", "noeviction"),
        ("bind", "127.0.0.1"),
        ("save", ""),
    ],
)
def test_what_was_acknowledged_is_on_the_disk_and_never_evicted(
    valkey: Redis, name: str, value: str
) -> None:
    """And nobody but this machine can ask for it."""
    assert valkey.config_get(name) == {name: value}


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """Give a connection to one that only answers questions."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as redis:
        yield redis


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_data_is_kept_between_runs(tmp_path: Path, number: signal.Signals) -> None:
    """Also when the server is killed right after its answer."""
    with running_valkey(tmp_path) as redis:
        server = int(redis.info("server")["process_id"])
        redis.set("call", "recorded")
        os.kill(server, number)
        wait_for(lambda: answers(redis), lambda up: not up, "the server is gone")
    with running_valkey(tmp_path) as redis:
        assert redis.get("call") == "recorded"


def test_a_second_bridge_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """Two servers on one append-only file would destroy it."""
    with (
        running_valkey(tmp_path),
        pytest.raises(DataInUse, match="another bridge is running on"),
        embedded_valkey(tmp_path),
    ):
        pass
    with embedded_valkey(tmp_path):
        pass


def test_a_server_that_outlived_its_bridge_still_holds_the_data(tmp_path: Path) -> None:
    """The lock is the server's as well: SIGKILL gives nobody the time to clean up."""
    argv = (sys.executable, "-c", STARTS_AND_WAITS, str(tmp_path))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as bridge:  # noqa: S603 - ours
        assert bridge.stdout is not None
        url = bridge.stdout.readline().strip()
        bridge.kill()
    with Redis.from_url(url, decode_responses=True) as redis:
        server = int(redis.info("server")["process_id"])
        try:
            with pytest.raises(DataInUse), embedded_valkey(tmp_path):
                pass
        finally:
            os.kill(server, signal.SIGTERM)
    wait_for(lambda: is_free(tmp_path), bool, "the data is free again")


def test_a_lock_file_alone_does_no_harm(tmp_path: Path) -> None:
    """What counts is who holds it, not that it is there: a power cut leaves one."""
    lock = tmp_path / "valkey" / "lock"
    lock.parent.mkdir()
    lock.write_text("4711")
    with embedded_valkey(tmp_path) as (url, _):
        assert url.startswith("redis://127.0.0.1:")


def test_other_processes_do_not_inherit_the_lock(tmp_path: Path) -> None:
    """A worker that outlived its bridge must not keep the next one from its data."""
    with embedded_valkey(tmp_path) as (_, command):
        (lock,) = command.pass_fds
        assert not os.get_inheritable(lock)


def answers(redis: Redis) -> bool:
    """Tell whether the server is there."""
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def is_free(data: Path) -> bool:
    """Tell whether a bridge may run on ``data``."""
    try:
        with embedded_valkey(data):
            return True
    except DataInUse:
        return False


def test_a_free_port_is_nobodys_and_none_that_a_client_may_get() -> None:
    """A server that is away for a moment finds its port again; two servers get two."""
    first = free_port()
    with socket.create_server(("127.0.0.1", first)):
        ports = {free_port() for _ in range(100)}
    assert first not in ports
    assert len(ports) == 100
    assert max(ports) < OUTGOING
