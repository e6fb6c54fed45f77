"""The benchmark's watch: how soon something is seen, and what is in the broker meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from bench.rows.slow import lateness
from bench.watch import LOOK_SECONDS, looking, watch

DUE = {"a": 1.0, "b": 2.0, "c": 3.0}


@dataclass
class Lagging:
    """A clock, and a store in which each thing is to be seen some time after it was due."""

    lag: dict[str, float]
    time: float = 0.0
    looked_at: set[str] = field(default_factory=set)

    def clock(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds

    def visible(self, keys: Collection[str]) -> list[str]:
        """Return those that can be seen by now."""
        self.looked_at |= set(keys)
        return [key for key in keys if DUE[key] + self.lag[key] <= self.time]


def _watch(store: Lagging, until: float) -> list[float]:
    return watch(DUE, store.visible, until, clock=store.clock, sleep=store.sleep)


def test_a_lag_is_measured_to_a_look() -> None:
    """No less than it is, and no more than one look above it."""
    waits = _watch(Lagging({"a": 0.3, "b": 0.0, "c": 1.7}), until=60)
    expected = [0.0, 0.3, 1.7]
    for wait, lag in zip(sorted(waits), expected, strict=True):
        assert lag - 1e-9 <= wait <= lag + LOOK_SECONDS + 1e-9


def test_what_is_never_seen_counts_until_the_end() -> None:
    """Leaving it out would make the slowest the best."""
    waits = _watch(Lagging({"a": 0.0, "b": 1000, "c": 1000}), until=10)
    assert sorted(waits)[1:] == [7, 8]


def test_a_look_that_breaks_is_an_error() -> None:
    """Fewer looks would look like less in the broker."""

    def broken() -> int:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"), looking(broken, pause=0.001):
        pass


def test_insights_are_late_by_their_due_time() -> None:
    """Half a second early is on time; one that was never fetched is late until the end."""
    came = {"a": 4.0, "b": 1.5, "other": 0.0}
    assert lateness(DUE, came, until=20) == [3.0, 0.0, 17.0]
