"""The time up to which old data is deleted, guarded against a wrong clock.

Data that was deleted by a wrong clock is lost. Therefore data counts as old only if both clocks
agree: our own and Redis'. Neither clock is trusted in the first minutes of a process, nor for an
hour after one of them has jumped: a wrong clock is usually corrected within that time. Deletion can
wait that long.
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
"""How far a clock may differ from the monotonic clock between two sweeps."""

AWAY = timedelta(days=1)
"""If the last sweep is older than this, the bridge was stopped or its clock is wrong."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The times of three clocks at the same moment."""

    monotonic: float
    own: datetime
    store: datetime

    def jump_since(self, before: "_Reading") -> timedelta:
        """Return the larger of the jumps of our clock and Redis' clock since ``before``."""
        passed = timedelta(seconds=self.monotonic - before.monotonic)
        jumps = self.own - before.own - passed, self.store - before.store - passed
        return max(jumps, key=abs)


class ForgettingClock:
    """Computes the time up to which one process may delete data."""

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
        """Return the earlier of ``now`` and Redis' time; ``None`` = the clocks are not trusted.

        ``last_sweep`` is when a process last completed a sweep; ``None`` = never.
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
        log.warning("clock.jumped", seconds=round(jump.total_seconds()))


def store_time(redis: Redis) -> Callable[[], datetime]:
    """Return a function that returns Redis' time."""

    def read() -> datetime:
        seconds, microseconds = redis.time()
        return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(microseconds))

    return read
