"""All stores on one Redis, and the steps that their tests repeat."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from bridge.domain.call import Call, State, new_call
from bridge.domain.steps import STEPS, Step
from bridge.store.calls import CallStore
from bridge.store.counters import Counters
from bridge.store.due import DueCalls
from bridge.store.heartbeats import Heartbeats
from bridge.store.hold import Holds
from bridge.store.inbox import CONSUMER, GROUP, Inbox
from bridge.store.index_changes import Retention
from bridge.store.keys import Keys
from bridge.store.lease import Lease, Leases
from bridge.store.lookup import Lookup
from bridge.store.lua import script
from bridge.store.replies import text
from bridge.store.sources import Sources

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
GRACE = timedelta(seconds=30)
KEPT = timedelta(days=30)
PROBE_INTERVAL = timedelta(minutes=1)
HOLD_MAX = timedelta(minutes=15)
LEASE_TIME = timedelta(minutes=2)
REMEMBERED = 3600
RETENTION = Retention(GRACE, KEPT)


@dataclass(frozen=True)
class Store:
    """All stores in one namespace of one Redis."""

    redis: Redis
    keys: Keys

    @property
    def calls(self) -> CallStore:
        """The calls."""
        return CallStore(self.redis, self.keys, RETENTION)

    @property
    def lookup(self) -> Lookup:
        """The lookup of calls."""
        return Lookup(self.redis, self.keys, self.calls)

    @property
    def inbox(self) -> Inbox:
        """The inbox."""
        return Inbox(self.redis, self.keys)

    @property
    def holds(self) -> Holds:
        """The holds."""
        return Holds(self.redis, self.keys, PROBE_INTERVAL, HOLD_MAX)

    @property
    def leases(self) -> Leases:
        """The leases."""
        return Leases(self.redis, self.keys, LEASE_TIME)

    @contextmanager
    def lease(self, call_id: str) -> Iterator[Lease | None]:
        """Yield a lease on one call, or ``None`` while another worker holds it."""
        with self.leases.hold([call_id]) as leases:
            yield leases.get(call_id)

    @property
    def due(self) -> DueCalls:
        """The due calls."""
        return DueCalls(self.redis, self.keys, GRACE)

    @property
    def sources(self) -> Sources:
        """The signs of the sources of events."""
        return Sources(self.redis, self.keys)

    @property
    def heartbeats(self) -> Heartbeats:
        """The heartbeats of the workers."""
        return Heartbeats(self.redis, self.keys)

    @property
    def counters(self) -> Counters:
        """The counters."""
        return Counters(self.redis, self.keys)

    def save(self, call_id: str, **changes: Any) -> Call:  # noqa: ANN401 - the fields are of many types
        """Save the call with these fields changed; create it if it is new."""
        saved = self.calls.update(
            call_id, lambda found: (found or new_call(call_id, NOW)).but(**changes)
        )
        assert saved is not None
        return saved

    def claim(self, step: Step, now: datetime, most: int) -> list[str]:
        """Claim the overdue calls as a sweep does."""
        with self.leases.hold_sweep() as lease:
            assert lease is not None
            return self.due.claim(step, now, most, lease)

    def post(self, raw: bytes, source: str = "wavv", key: str | None = None) -> str:
        """Store an event as the ingress does; return its entry, or ``""`` for a duplicate."""
        return put_event(self.redis, self.keys, raw, source, key)

    def age(self, *entries: str, minutes: float = 2) -> None:
        """Make claimed entries look ``minutes`` old."""
        age_entries(self.redis, self.keys, *entries, minutes=minutes)

    def indexed(self, call_id: str) -> dict[str, float]:
        """Return the scores of the call in all time-ordered indexes that contain it."""
        keys = self.keys
        names = {"calls": keys.calls, "retire": keys.retire}
        names |= {f"state:{state}": keys.state(state) for state in State}
        names |= {f"due:{step.name}": keys.due(step) for step in STEPS}
        scores = {name: self.redis.zscore(key, call_id) for name, key in names.items()}
        return {name: float(score) for name, score in scores.items() if score is not None}

    def key_names(self) -> set[str]:
        """Return every key without its namespace."""
        return {
            text(key).removeprefix(self.keys.of("")) for key in self.redis.keys(self.keys.of("*"))
        }


def put_event(redis: Redis, keys: Keys, raw: bytes, source: str, key: str | None) -> str:
    """Run the ingress's script; return the entry's id, or an empty string for a duplicate.

    Without ``key`` the event has a new deduplication key.
    """
    add = redis.register_script(script("add_deduplicated_events"))
    seen = keys.seen(source, key or f"{source}:{redis.incr(keys.of('test', 'events'))}")
    args: list[str | bytes | float] = [REMEMBERED, 1, source, raw, NOW.timestamp(), "req-1"]
    _, is_new = add(
        keys=[keys.inbox, keys.counters, keys.wakeup_pending, keys.signs, seen], args=args
    )
    rows: Any = redis.xrevrange(keys.inbox, count=1) if is_new else []
    return text(rows[0][0]) if rows else ""


def age_entries(redis: Redis, keys: Keys, *entries: str, minutes: float = 2) -> None:
    """Set the idle time of claimed entries, so that no test waits for it."""
    idle = int(minutes * 60_000)
    for entry in entries:
        redis.xclaim(keys.inbox, GROUP, CONSUMER, 0, [entry], idle=idle, justid=True)


def at_once(*works: Callable[[], object]) -> None:
    """Run all functions in threads that start at the same time; raise the first error of any."""
    barrier = threading.Barrier(len(works))
    broken: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait()
            work()
        except BaseException as error:  # noqa: BLE001 - raised in the waiting test
            broken.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
