"""Calls whose record cannot be read. They are counted, kept, and deferred behind all other calls.

An operator may repair the record. Until then these calls come last in the indexes that the sweep
reads from the front. Otherwise a thousand damaged records would hide all other calls.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from redis import Redis

from bridge.domain.steps import STEPS
from bridge.store.keys import Keys
from bridge.store.replies import text

DEFERRED = timedelta(hours=1)
SHOWN = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Damage:
    """The number of calls with a damaged record, and the ids of up to 100 of them."""

    count: int
    call_ids: tuple[str, ...]


class DamagedRecords:
    """The list of calls with a damaged record, in Redis."""

    def __init__(self, redis: Redis, keys: Keys, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock

    def note(self, call_ids: Iterable[str]) -> None:
        """Add the calls to the list of damaged records, and move them behind all other calls.

        Each call is counted and logged only once.
        """
        ids, now = [*call_ids], self._clock()
        if not ids:
            return
        pipe = self._redis.pipeline(transaction=False)
        for call_id in ids:
            pipe.zadd(self._keys.damaged, {call_id: now}, nx=True)
        added = [call_id for call_id, is_new in zip(ids, pipe.execute(), strict=True) if is_new]
        self.defer(ids, now)
        if added:
            self._redis.hincrby(self._keys.counters, "records.damaged", len(added))
        for call_id in added:
            log.error(
                "record.damaged",
                call_id=call_id,
                detail="The call waits for its repair: docs/operations.md, Damaged records.",
            )

    def defer(self, call_ids: Iterable[str], now: float) -> None:
        """Move the due time of the calls to an hour after ``now``, in the indexes of the sweep."""
        later = now + DEFERRED.total_seconds()
        pipe = self._redis.pipeline(transaction=False)
        for call_id in call_ids:
            for key in (self._keys.retire, *map(self._keys.due, STEPS)):
                pipe.zadd(key, {call_id: later}, xx=True, gt=True)
        pipe.execute()

    def forget(self, call_ids: Iterable[str]) -> None:
        """Remove calls from the list, because their record was repaired or deleted."""
        ids = [*call_ids]
        if ids:
            self._redis.zrem(self._keys.damaged, *ids)

    def listed(self) -> Damage:
        """Return the number of listed calls, and the ids of the first 100 of them."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zcard(self._keys.damaged)
        pipe.zrange(self._keys.damaged, 0, SHOWN - 1)
        count, members = pipe.execute()
        return Damage(int(count), tuple(map(text, members)))
