"""Guards the deletion of old data against a wrong clock.

If a clock is wrong, data that is still needed looks old, and would be deleted. Therefore data
counts as old only by both clocks: the clock of the process and the clock of Redis. Nothing is
deleted in the first five minutes of a process, nor for an hour after one of the clocks has jumped,
because a wrong clock is usually corrected within an hour.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from redis import Redis

FIRST_MINUTES = timedelta(minutes=5)
AFTER_JUMP = timedelta(hours=1)
JUMP = timedelta(minutes=1)
"""A clock has jumped if it differs from the monotonic clock by more than this since last sweep."""

AWAY = timedelta(days=1)
"""If the last sweep is older than this, the bridge was stopped for long, or a clock is wrong."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The times of three clocks at the same moment."""

    monotonic: float
    own: datetime
    store: datetime

    def jump_since(self, before: "_Reading") -> timedelta:
        """Return how far the process clock or Redis' clock has jumped, whichever jumped further.

        A jump is the difference from the monotonic clock since ``before``.
        """
        passed = timedelta(seconds=self.monotonic - before.monotonic)
        jumps = self.own - before.own - passed, self.store - before.store - passed
        return max(jumps, key=abs)


class ForgettingClock:
    """Computes the present time for the deletion of old data, or that a clock may be wrong."""

    def __init__(
        self,
        store_time: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store_time = store_time
        self._monotonic = monotonic
        self._last: _Reading | None = None
        self._trusted_at = monotonic() + FIRST_MINUTES.total_seconds()

    def __call__(self, now: datetime, last_sweep: datetime | None) -> datetime | None:
        """Return the earlier of ``now`` and Redis' time, or ``None`` if a clock may be wrong.

        ``last_sweep`` is when a process last completed a sweep, or ``None`` if there was none.
        """
        reading, before = _Reading(self._monotonic(), now, self._store_time()), self._last
        self._last = reading
        if before is not None:
            self._distrust(reading, reading.jump_since(before), JUMP)
        elif last_sweep is not None:
            self._distrust(reading, now - last_sweep, AWAY)
        if reading.monotonic < self._trusted_at:
            return None
        return min(reading.own, reading.store)

    def _distrust(self, reading: _Reading, jump: timedelta, most: timedelta) -> None:
        if abs(jump) <= most:
            return
        self._trusted_at = max(self._trusted_at, reading.monotonic + AFTER_JUMP.total_seconds())
        log.warning(
            "clock.jumped",
            seconds=round(jump.total_seconds()),
            detail="Nothing is deleted for an hour. Check the clocks of Redis and this machine.",
        )


def store_time(redis: Redis) -> Callable[[], datetime]:
    """Return a function that requests the time of Redis' clock."""

    def read() -> datetime:
        seconds, microseconds = redis.time()
        return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(microseconds))

    return read
