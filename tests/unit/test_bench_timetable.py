"""Tests for the benchmark's steady traffic."""

from itertools import pairwise

import pytest

from bench.timetable import Timetable, timetable

RATE, SECONDS = 20.0, 3.0


@pytest.fixture(scope="module")
def table() -> Timetable:
    """Provide the timetable of 60 calls."""
    return timetable(RATE, SECONDS, seed=3)


def test_recorded_events_are_evenly_spaced(table: Timetable) -> None:
    """``call.recorded`` events have equal intervals from the first to the last."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(table.recorded.values()))]
    assert gaps == pytest.approx([1 / RATE] * 59)
    assert max(table.recorded.values()) == table.due[-1]
