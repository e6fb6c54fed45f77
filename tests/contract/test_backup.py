"""A backup of a running bridge, made and restored as in docs/operations.md."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.domain.call import State
from tests.support.in_process_bridge import Bridge, running_bridge
from tests.support.sandbox import Sandbox
from tests.support.valkey import Valkey, own_valkey, until

AOF = "appendonlydir"


@pytest.fixture
def server() -> Iterator[Valkey]:
    """Run a Valkey that keeps what it acknowledges, as in production."""
    with own_valkey(appendfsync="always") as running:
        yield running


@pytest.fixture
def own_bridge(server: Valkey, sandbox_process: Sandbox) -> Iterator[Bridge]:
    """Make a bridge on that server."""
    with running_bridge(sandbox_process, redis_url=server.url) as running:
        yield running.as_new()


def test_a_backup_of_a_running_bridge_can_be_restored(
    server: Valkey, own_bridge: Bridge, tmp_path: Path
) -> None:
    """After a restore unfinished calls continue, and later submissions are not made twice."""
    bridge = own_bridge
    done, due, unread = bridge.dial(), bridge.dial(), bridge.dial()
    bridge.process(done)
    bridge.receive(due)
    bridge.drain()
    bridge.receive(unread)
    _back_up(server, tmp_path)
    bridge.drain()
    bridge.work()
    later = bridge.dial()
    bridge.process(later)
    assert len(bridge.bodies()) == 4

    _restore(server, tmp_path)
    bridge.published.messages.clear()  # a broker that is restored with it has old messages at most
    assert bridge.services.calls.load(later.call_id) is None
    assert bridge.services.inbox.backlog().waiting == 3
    assert bridge.call(due).state is State.RECORDED
    bridge.sweep_for(minutes=2)
    assert {bridge.call(call).state for call in (done, due, unread)} == {State.SUBMITTED}
    assert bridge.call(due).engagement_created is False
    assert len(bridge.bodies()) == 4


def _back_up(server: Valkey, place: Path) -> None:
    server.redis.config_set("auto-aof-rewrite-percentage", 0)
    until(lambda: not server.redis.info("persistence")["aof_rewrite_in_progress"])
    shutil.copytree(server.directory / AOF, place / AOF)
    server.redis.config_set("auto-aof-rewrite-percentage", 100)


def _restore(server: Valkey, place: Path) -> None:
    server.stop()
    shutil.rmtree(server.directory / AOF)
    shutil.copytree(place / AOF, server.directory / AOF)
    server.start()
