"""A pace is read as it is written, and spreads due times evenly."""

from datetime import timedelta
from itertools import pairwise

import pytest

from bridge.domain import events as e
from bridge.domain.call import State
from bridge.domain.pace import read_pace
from tests.domain import AT, POLICY, after, call_in


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("60/m", 1), ("1/s", 1), ("100/s", 0.01), ("1/h", 3600), ("500/h", 7.2), ("2.5/m", 24),
     ("4", 0.25), (4, 0.25), (0.5, 2)],
)  # fmt: skip
def test_a_pace_is_calls_in_a_time(written: object, seconds: float) -> None:
    """By second, minute or hour; a bare number is by second."""
    assert read_pace(written).interval == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    ["", "0", "0/m", "0.0", "-1", "1/d", "fast", "1/", "/m", "1e3", "60 / m", "٣/m", "nan", "inf",
     "101/s", "0.9/h", "0.0000001/h", "9999999999/s", None, True, [1], "1/s\n"],
)  # fmt: skip
def test_what_is_no_pace_is_refused(written: object) -> None:
    """With words that say what is; and what no sweep could keep, or nobody would wait for."""
    with pytest.raises(ValueError, match="must be"):
        read_pace(written)


def test_calls_are_due_one_interval_apart() -> None:
    """The first at the start, and no rounding adds up."""
    pace = read_pace("7/m")
    dues = [pace.due(AT, place) for place in range(7001)]
    assert dues[0] == AT
    steps = {later - earlier for earlier, later in pairwise(dues)}
    assert steps == {pace.interval}
    assert abs((dues[7000] - AT).total_seconds() - 60_000) < 0.01


@pytest.mark.parametrize("state", [State.COMPLETE, State.SKIPPED, State.FAILED])
def test_a_replayed_call_waits_for_its_place_in_the_pace(state: State) -> None:
    """But no shorter than any call: its settling time."""
    later = AT + timedelta(hours=3)
    paced, early = (after([e.Replayed(at)], call_in(state)) for at in (later, AT))
    assert paced.due_at == later
    assert early.due_at == after([e.Replayed()], call_in(state)).due_at == AT + POLICY.settle
