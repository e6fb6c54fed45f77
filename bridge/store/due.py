"""Due calls, which the sweep claims, and calls that wait for a place in a worker."""

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
"""How many waiting calls of a step are compared to choose the probe of a hold."""


class DueCalls:
    """The due calls in one Redis. ``grace`` = the time until a published step is due again."""

    def __init__(self, redis: Redis, keys: Keys, grace: timedelta) -> None:
        self._redis, self._keys, self._grace = redis, keys, grace
        self._claim = redis.register_script(script("claim_due"))
        self._claim_probe = redis.register_script(script("least_failed", "claim_probe"))

    def claim(
        self, step: Step, now: datetime, most: int, lease: Lease, kinds: Sequence[str] = ()
    ) -> list[str]:
        """Claim up to ``most`` calls overdue for ``step``; they are due again after the grace.

        Calls that wait for a place of one of the ``kinds``, or are worked on, are left out, because
        their step was published. Raises ``LeaseLostError`` if the sweep's ``lease`` has expired.
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
        """Claim the overdue call of ``steps`` with the fewest failures, the newest of those.

        Returns its step and its id, or ``None``. Raises ``LeaseLostError`` as ``claim`` does.
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
        """Add calls to those that wait for a place; a waiting call keeps its position."""
        self._redis.zadd(
            self._keys.waiting(kind), dict.fromkeys(call_ids, now.timestamp()), nx=True
        )

    def take_waiting(self, kind: str, most: int) -> list[str]:
        """Remove and return up to ``most`` calls that have waited longest for a place."""
        popped: Any = self._redis.zpopmin(self._keys.waiting(kind), most)
        return [text(member) for member, _ in popped]
