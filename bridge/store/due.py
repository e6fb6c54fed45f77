"""Finds due calls for the sweep, and stores which calls wait for a free slot of a worker."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from bridge.domain.steps import Step
from bridge.errors import LeaseLostError
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from bridge.store.lua import script
from bridge.store.replies import text

PROBE_CANDIDATES = 500
"""How many calls of a step are compared to choose the one that sends the next trial request.

A trial request (probe) tests whether a hold, a pause of requests to AskElephant, can end.
"""


class DueCalls:
    """The due calls in Redis. A step whose task was published is due again after ``grace``."""

    def __init__(self, redis: Redis, keys: Keys, grace: timedelta) -> None:
        self._redis, self._keys, self._grace = redis, keys, grace
        self._claim = redis.register_script(script("claim_due"))
        self._claim_probe = redis.register_script(script("least_failed", "claim_probe"))

    def claim(
        self, step: Step, now: datetime, most: int, lease: Lease, kinds: Sequence[str] = ()
    ) -> list[str]:
        """Return the ids of up to ``most`` calls whose ``step`` is overdue, and claim these calls.

        A claimed call is due again after the grace, so that no other sweep publishes its task now.
        Calls that a worker works on, or that wait for a worker slot of one of the ``kinds``, are
        not returned, because their task was published before. Raises ``LeaseLostError`` if the
        ``lease`` of the sweep has expired.
        """
        keys = self._keys
        again = (now + self._grace).timestamp()
        ids = self._claim(
            keys=[keys.due(step), keys.sweep_lease, *map(keys.waiting, kinds)],
            args=[now.timestamp(), most, again, lease.token, keys.lease("")],
        )
        if ids is None:
            raise LeaseLostError("sweep")
        return [text(call_id) for call_id in ids]

    def claim_probe(
        self, steps: Sequence[Step], now: datetime, lease: Lease
    ) -> tuple[Step, str] | None:
        """Claim the overdue call of ``steps`` that has the fewest failures; the newest of equals.

        Returns the step and the id of the call, or ``None`` if no call is overdue. The call sends
        the next trial request under a hold. Raises ``LeaseLostError`` as ``claim`` does.
        """
        again = (now + self._grace).timestamp()
        keys = [self._keys.sweep_lease, self._keys.recent_failures, *map(self._keys.due, steps)]
        found = self._claim_probe(
            keys=keys, args=[now.timestamp(), PROBE_CANDIDATES, again, lease.token]
        )
        if found is None:
            raise LeaseLostError("sweep")
        return (steps[int(found[0]) - 1], text(found[1])) if found else None

    def wait(self, kind: str, call_ids: Sequence[str], now: datetime) -> None:
        """Add calls to the queue for a worker slot of ``kind``; a queued call keeps its turn."""
        self._redis.zadd(
            self._keys.waiting(kind), dict.fromkeys(call_ids, now.timestamp()), nx=True
        )

    def take_waiting(self, kind: str, most: int) -> list[str]:
        """Remove the first calls, up to ``most``, from the queue for a worker slot of ``kind``.

        Returns the ids of these calls.
        """
        popped: Any = self._redis.zpopmin(self._keys.waiting(kind), most)
        return [text(member) for member, _ in popped]
