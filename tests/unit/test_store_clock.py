"""Tests for the clock of data removal: no single wrong clock removes data too early."""

from datetime import UTC, datetime, timedelta

import pytest
from fakeredis import FakeRedis
from structlog.testing import capture_logs

from bridge.store.clock import AFTER_JUMP, FIRST_MINUTES, ForgettingClock, store_time

START = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
SECOND = timedelta(seconds=1)
NONE = timedelta(0)


class Clocks:
    """Our clock, Redis' clock and the monotonic one, with offsets that a test sets."""

    def __init__(self, own: timedelta = NONE, store: timedelta = NONE) -> None:
        self.passed = NONE
        self.own_off, self.store_off = own, store
        self.last_sweep: datetime | None = START - SECOND
        self._forget_by = ForgettingClock(
            lambda: START + self.passed + self.store_off, lambda: 7 + self.passed.total_seconds()
        )

    def forget_by(self, passed: timedelta) -> timedelta | None:
        """Advance the time; return the limit for removal, relative to the true time."""
        self.passed += passed
        now = START + self.passed + self.own_off
        found = self._forget_by(now, self.last_sweep)
        self.last_sweep = now
        return None if found is None else found - START - self.passed


def test_nothing_is_forgotten_in_the_first_minutes_of_a_process() -> None:
    """A process removes nothing in its first minutes, since its clock may be wrong."""
    clocks = Clocks()
    assert clocks.forget_by(NONE) is None
    assert clocks.forget_by(FIRST_MINUTES - SECOND) is None
    assert clocks.forget_by(SECOND) == NONE


@pytest.mark.parametrize(
    ("own", "store", "forgotten_by"),
    [(YEAR, NONE, NONE), (NONE, YEAR, NONE), (-YEAR, NONE, -YEAR), (YEAR, YEAR, YEAR)],
)
def test_the_earlier_of_both_clocks_counts(
    own: timedelta, store: timedelta, forgotten_by: timedelta
) -> None:
    """The earlier of our clock and Redis' clock is the limit."""
    clocks = Clocks(own, store)
    clocks.last_sweep = None
    clocks.forget_by(NONE)
    assert clocks.forget_by(FIRST_MINUTES) == forgotten_by


@pytest.mark.parametrize("jump", [YEAR, timedelta(minutes=2), -timedelta(minutes=2)])
@pytest.mark.parametrize("clock", ["own_off", "store_off"])
def test_nothing_is_forgotten_for_an_hour_after_a_jump(clock: str, jump: timedelta) -> None:
    """A jump of a clock is logged once and stops removal for an hour."""
    clocks = Clocks()
    clocks.forget_by(NONE)
    assert clocks.forget_by(FIRST_MINUTES) is not None
    setattr(clocks, clock, jump)
    with capture_logs() as logs:
        assert clocks.forget_by(10 * SECOND) is None
        assert clocks.forget_by(AFTER_JUMP - SECOND) is None
    assert [(line["event"], line["seconds"]) for line in logs] == [
        ("clock.jumped", round(jump.total_seconds()))
    ]
    setattr(clocks, clock, NONE)
    assert clocks.forget_by(SECOND) is None
    assert clocks.forget_by(AFTER_JUMP) == NONE


def test_a_clock_that_drifts_is_no_jump() -> None:
    """A drift of one second an hour is no jump."""
    clocks = Clocks()
    clocks.forget_by(NONE)
    for _ in range(48):
        clocks.own_off += SECOND
        assert clocks.forget_by(timedelta(hours=1)) is not None


def test_both_clocks_ahead_after_a_restart_are_not_trusted_at_once() -> None:
    """After a restart the time is compared with that of the last sweep."""
    clocks = Clocks(YEAR, YEAR)
    assert clocks.forget_by(NONE) is None
    assert clocks.forget_by(FIRST_MINUTES) is None
    clocks.own_off = clocks.store_off = NONE
    assert clocks.forget_by(SECOND) is None
    assert clocks.forget_by(AFTER_JUMP) == NONE


def test_redis_time_is_read_with_its_fractions() -> None:
    """Redis' time is read as UTC with fractions of a second."""
    read = store_time(FakeRedis())()
    assert abs(read - datetime.now(UTC)) < timedelta(minutes=1)
