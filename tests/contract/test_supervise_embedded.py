"""The embedded Valkey: it keeps its data, and only the bridge can reach it."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from bridge.supervise.embedded import DataInUseError, DataUnusableError, embedded_valkey, free_port
from tests.support.process import Process
from tests.support.waiting import wait_for

OUTGOING = 32_768
"""The lowest port that Linux uses for outgoing connections."""

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
    """Run a Valkey on ``data``; give a connection."""
    with embedded_valkey(data) as (url, command), Process(command, data):
        assert command.is_ready is not None
        wait_for(command.is_ready, bool, "Valkey answers")
        with Redis.from_url(url, decode_responses=True) as redis:
            yield redis


@contextmanager
def running_child(data: Path) -> Iterator[Redis]:
    """Run a Valkey under a supervisor as ``bridge up`` does; give a connection."""
    argv = (sys.executable, "-c", STARTS_AND_WAITS, str(data))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as bridge:  # noqa: S603 - ours
        assert bridge.stdout is not None
        url = bridge.stdout.readline().strip()
        try:
            with Redis.from_url(url, decode_responses=True) as redis:
                yield redis
        finally:
            bridge.kill()
    wait_for(lambda: is_free(data), bool, "the data is free again")


def permissions(data: Path) -> dict[str, int]:
    """Return the permissions of everything below ``data`` by name."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.rglob("*")}


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
    """Acknowledged writes are on the disk and never evicted, and only the loopback is served."""
    assert valkey.config_get(name) == {name: value}


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """Give a connection to a Valkey that no test changes."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as redis:
        yield redis


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_data_is_kept_between_runs(tmp_path: Path, number: signal.Signals) -> None:
    """Data is kept between runs, also after SIGKILL."""
    with running_valkey(tmp_path) as redis:
        server = int(redis.info("server")["process_id"])
        redis.set("call", "recorded")
        os.kill(server, number)
        wait_for(lambda: responds(redis), lambda up: not up, "the server is gone")
    with running_valkey(tmp_path) as redis:
        assert redis.get("call") == "recorded"


def test_a_second_bridge_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """A second bridge on the same data is refused."""
    with (
        running_valkey(tmp_path),
        pytest.raises(DataInUseError, match="another bridge is running on"),
        embedded_valkey(tmp_path),
    ):
        pass
    with embedded_valkey(tmp_path):
        pass


def test_a_server_ends_with_its_bridge_also_when_that_is_killed(tmp_path: Path) -> None:
    """The server ends with its bridge, also after SIGKILL of the bridge."""
    argv = (sys.executable, "-c", STARTS_AND_WAITS, str(tmp_path))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as bridge:  # noqa: S603 - ours
        assert bridge.stdout is not None
        url = bridge.stdout.readline().strip()
        bridge.kill()
    with Redis.from_url(url) as redis:
        wait_for(lambda: responds(redis), lambda up: not up, "the server is gone")
    wait_for(lambda: is_free(tmp_path), bool, "the data is free again")


def test_a_refusal_names_the_processes_that_have_the_data(tmp_path: Path) -> None:
    """A refusal names the processes that use the data."""
    with running_valkey(tmp_path) as redis:
        server = int(redis.info("server")["process_id"])
        named = f"bridge up is process {os.getpid()}, its Valkey is process {server}"
        with pytest.raises(DataInUseError, match=named), embedded_valkey(tmp_path):
            pass


@pytest.mark.parametrize("written", ["", "no number", "4711000000", "99999999999999999999"])
def test_a_refusal_names_no_process_that_is_gone(tmp_path: Path, written: str) -> None:
    """A refusal does not name processes that have exited."""
    with embedded_valkey(tmp_path):
        (tmp_path / "valkey" / "lock").write_text(written)
        with pytest.raises(DataInUseError) as refused, embedded_valkey(tmp_path):
            pass
    assert str(refused.value) == f"another bridge is running on {tmp_path}"


def test_only_its_owner_reads_the_data(tmp_path: Path) -> None:
    """Only the owner can read the data, whatever the umask is."""
    data = tmp_path / "kept"
    with running_child(data) as redis:
        redis.set("call", "recorded")
        modes = permissions(data)
    assert {"valkey", "appendonlydir", "valkey.conf", "lock"} <= modes.keys()
    assert any(name.endswith(".aof") for name in modes)
    assert set(modes.values()) == {0o700, 0o600}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_data_of_an_earlier_version_is_kept_and_made_private(tmp_path: Path) -> None:
    """Data of an earlier version is kept, and made private."""
    data = tmp_path / ".bridge"
    with running_valkey(data) as redis:
        redis.set("call", "recorded")
    (data / "valkey" / "valkey.conf").unlink()
    (data / "valkey.log").unlink()  # of this test's own process
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with running_child(data) as redis:
        assert redis.get("call") == "recorded"
        assert set(permissions(data).values()) == {0o700, 0o600}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_directory_with_other_things_in_it_keeps_its_mode(tmp_path: Path) -> None:
    """A data directory with other files keeps its mode."""
    (tmp_path / "others.txt").touch()
    tmp_path.chmod(0o755)
    with embedded_valkey(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
        assert stat.S_IMODE((tmp_path / "valkey").stat().st_mode) == 0o700


def test_other_users_of_the_machine_are_refused_without_the_password(tmp_path: Path) -> None:
    """Other users of the machine need the password, which is in no command line."""
    with embedded_valkey(tmp_path) as (url, command), Process(command, tmp_path):
        assert command.is_ready is not None
        wait_for(command.is_ready, bool, "Valkey answers")
        password = urlsplit(url).password
        assert password
        assert password not in " ".join(command.argv)
        with Redis(port=urlsplit(url).port or 0) as stranger:
            for order in (("KEYS", "*"), ("FLUSHALL",), ("CONFIG", "GET", "dir"), ("PING",)):
                with pytest.raises(AuthenticationError):
                    stranger.execute_command(*order)
    with embedded_valkey(tmp_path) as (url, _):
        assert urlsplit(url).password != password


@pytest.mark.parametrize("directory", ["file", "file/below", 'quoted \\ and " here'])
def test_unwritable_data_is_reported_with_what_to_do(tmp_path: Path, directory: str) -> None:
    """A data directory that cannot be written is reported with what to do."""
    (tmp_path / "file").touch()
    if "file" in directory:
        with (
            pytest.raises(DataUnusableError, match=r"^cannot keep data in .*: .*\. Choose another"),
            embedded_valkey(tmp_path / directory),
        ):
            pass
    else:
        with running_valkey(tmp_path / directory) as redis:
            assert redis.config_get("dir") == {"dir": str(tmp_path / directory / "valkey")}


def test_a_lock_file_alone_does_no_harm(tmp_path: Path) -> None:
    """A lock file that no process holds does not stop a start."""
    lock = tmp_path / "valkey" / "lock"
    lock.parent.mkdir()
    lock.write_text("4711")
    with embedded_valkey(tmp_path):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_other_processes_do_not_inherit_the_lock(tmp_path: Path) -> None:
    """Child processes do not inherit the lock."""
    with embedded_valkey(tmp_path) as (_, command):
        (lock,) = command.pass_fds
        assert not os.get_inheritable(lock)


def responds(redis: Redis) -> bool:
    """Return whether the server responds."""
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def is_free(data: Path) -> bool:
    """Return whether a bridge may run on ``data``."""
    try:
        with embedded_valkey(data):
            return True
    except DataInUseError:
        return False


def test_a_free_port_is_nobodys_and_none_that_a_client_may_get() -> None:
    """A free port is below those for outgoing connections, and is given once."""
    first = free_port()
    with socket.create_server(("127.0.0.1", first)):
        ports = {free_port() for _ in range(100)}
    assert first not in ports
    assert len(ports) == 100
    assert max(ports) < OUTGOING
