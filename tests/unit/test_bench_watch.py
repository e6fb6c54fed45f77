"""Tests for the benchmark's watch, which measures when effects become visible."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from bench.rows.slow import lateness
from bench.watch import LOOK_SECONDS, looking, watch

DUE = {"a": 1.0, "b": 2.0, "c": 3.0}


@dataclass
class Lagging:
    """A clock, and a store in which each key becomes visible some time after it was due."""

    lag: dict[str, float]
    time: float = 0.0
    looked_at: set[str] = field(default_factory=set)

    def clock(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Advance the time."""
        self.time += seconds

    def visible(self, keys: Collection[str]) -> list[str]:
        """Return the keys that are visible now."""
        self.looked_at |= set(keys)
        return [key for key in keys if DUE[key] + self.lag[key] <= self.time]


def _watch(store: Lagging, until: float) -> list[float]:
    return watch(DUE, store.visible, until, clock=store.clock, sleep=store.sleep)


def test_a_lag_is_measured_to_one_poll() -> None:
    """A measured wait is at least the lag and at most one poll interval longer."""
    waits = _watch(Lagging({"a": 0.3, "b": 0.0, "c": 1.7}), until=60)
    expected = [0.0, 0.3, 1.7]
    for wait, lag in zip(sorted(waits), expected, strict=True):
        assert lag - 1e-9 <= wait <= lag + LOOK_SECONDS + 1e-9


def test_an_invisible_key_counts_until_the_end() -> None:
    """A key that never became visible has the wait until the end."""
    waits = _watch(Lagging({"a": 0.0, "b": 1000, "c": 1000}), until=10)
    assert sorted(waits)[1:] == [7, 8]


def test_an_error_of_the_watch_is_raised() -> None:
    """An error while watching the broker is raised, since missing samples would hide load."""

    def broken() -> int:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"), looking(broken, pause=0.001):
        pass


def test_insights_are_late_by_their_due_time() -> None:
    """A fetch up to half a second early is on time; a missing one is late until the end."""
    came = {"a": 4.0, "b": 1.5, "other": 0.0}
    assert lateness(DUE, came, until=20) == [3.0, 0.0, 17.0]
