"""The benchmark's steady traffic: events of a call in their order, recordings at an even rate."""

import json
from collections import defaultdict
from itertools import pairwise

import pytest

from bench.messages import Splitter
from bench.timetable import Timetable, timetable
from bridge.wavv.events import Reading, parse_event

RATE, SECONDS = 20.0, 3.0
NAMES = [{"call.started", "call.incoming"}, {"call.ended"}, {"call.recorded"}]


@pytest.fixture(scope="module")
def table() -> Timetable:
    """Give the timetable of 60 calls."""
    return timetable(RATE, SECONDS, seed=3)


def test_requests_leave_in_the_order_of_their_times(table: Timetable) -> None:
    """The generator sends them one after the other; none is due before the beginning."""
    assert list(table.due) == sorted(table.due)
    assert len(table.due) == len(table.frames) == 3 * 60
    assert table.due[0] >= 0


def test_recorded_events_are_evenly_spaced(table: Timetable) -> None:
    """The offered rate is the same from the first to the last."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(table.recorded.values()))]
    assert gaps == pytest.approx([1 / RATE] * 59)
    assert max(table.recorded.values()) == table.due[-1]


def test_each_call_is_started_ended_and_recorded_some_time_apart(table: Timetable) -> None:
    """Its id is the one under which the bridge stores it."""
    events = defaultdict[str, list[tuple[float, str]]](list)
    for due, frame in zip(table.due, table.frames, strict=True):
        [(_, body)] = Splitter().feed(frame)
        heard = parse_event(body, Reading())
        events[str(heard.call_id)].append((due, json.loads(body)["event"]))
    assert events.keys() == table.recorded.keys()
    for call_id, sent in events.items():
        assert all(name in names for (_, name), names in zip(sent, NAMES, strict=True))
        assert sent[2][0] == table.recorded[call_id]
        apart = [later - earlier for (earlier, _), (later, _) in pairwise(sent)]
        assert all(0.02 * SECONDS - 1e-9 <= wait <= 0.1 * SECONDS + 1e-9 for wait in apart)


def test_the_same_seed_makes_the_same_timetable(table: Timetable) -> None:
    """Every peer gets the same load, but for the time of the signatures."""
    assert timetable(RATE, SECONDS, seed=3).due == table.due
    assert timetable(RATE, SECONDS, seed=4).due != table.due
