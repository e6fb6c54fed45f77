"""A failover while events are processed: the new primary has the events, not the saves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from bridge.domain.call import Call
from bridge.pipeline import events
from bridge.store.changes import Change
from tests.support.in_process_bridge import ALL_KINDS, Bridge, running_bridge, whats
from tests.support.sandbox import Sandbox
from tests.support.valkey import Valkey, own_valkey, until


@dataclass(frozen=True)
class Pair:
    """A primary and its replica."""

    primary: Valkey
    replica: Valkey

    def wait_until_replicated(self) -> None:
        """Return when the replica has everything that the primary has acknowledged."""
        until(lambda: self._offset(self.primary) == self._offset(self.replica))

    def _offset(self, server: Valkey) -> int:
        info = server.redis.info("replication")
        return int(info.get("slave_repl_offset", info["master_repl_offset"]))


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Run two servers, of which the second replicates the first."""
    at_once = {"repl_diskless_sync_delay": "0"}
    with own_valkey(**at_once) as primary, own_valkey() as replica:
        replica.redis.replicaof("127.0.0.1", str(primary.server.port))
        until(lambda: replica.redis.info("replication")["master_link_status"] == "up")
        yield Pair(primary, replica)


@pytest.fixture
def bridge(sandbox_process: Sandbox, pair: Pair) -> Iterator[Bridge]:
    """Give a bridge on the primary."""
    url = pair.primary.url
    with running_bridge(sandbox_process, redis_url=url, namespace="failover") as running:
        yield running


def test_events_whose_saves_a_failover_lost_are_handled_again(
    bridge: Bridge, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events whose saves were lost are processed again by the new primary."""
    call = bridge.dial()
    entries = bridge.receive(call)
    redis, save = bridge.services.redis, bridge.services.calls.save_many

    def save_and_fail_over(changes: Sequence[Change]) -> list[Call | Exception | None]:
        pair.wait_until_replicated()
        pair.replica.redis.replicaof("NO", "ONE")
        saved = save(changes)
        monkeypatch.setattr(redis, "connection_pool", pair.replica.redis.connection_pool)
        return saved

    with monkeypatch.context() as failover:
        failover.setattr(bridge.services.calls, "save_many", save_and_fail_over)
        assert events.drain(bridge.services) == len(entries)
    assert bridge.services.calls.load(call.call_id) is None
    assert bridge.services.inbox.backlog().waiting == len(entries)
    assert [line["count"] for line in bridge.logged("events.not_acknowledged")] == [len(entries)]
    bridge.age(*entries)
    bridge.drain()
    assert whats(bridge.call(call)) == list(ALL_KINDS)
    assert bridge.services.inbox.backlog().waiting == 0
