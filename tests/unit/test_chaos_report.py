"""Tests for the output of the chaos tests, and for the wait until the bridge is idle."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import report
from tests.chaos.invariant import Breach, Kind
from tests.chaos.run import Result
from tests.chaos.senders import Senders
from tests.chaos.wait_until_idle import is_idle, wait_until_idle
from tests.support.bridge_client import Bridge, Json
from tests.support.waiting import wait_for

GOOD = Result("kill-web", 300, 7, Path("logs"), (), (), (), recovered=1.25, seconds=30)
BAD = replace(
    GOOD,
    breaches=[
        Breach(Kind.LOST, "a", "no"),
        Breach(Kind.LOST, "a", "nor"),
        Breach(Kind.STUCK, "b", "?"),
    ],
    recovered=None,
)
IDLE: dict[str, Any] = {
    "states": {"complete": 2, "unrecorded": 1, "live": 0},
    "overdue": {"submit": 0},
    "inbox": {"waiting": 0},
    "hold": None,
}


def test_a_row_counts_calls_and_not_breaches() -> None:
    """Two breaches of one call count once in a column."""
    assert report.head().split() == [
        "fault", "calls", "lost", "duplicated", "stuck", "recovered", "took",
    ]  # fmt: skip
    assert report.row(GOOD).split() == ["kill-web", "300", "0", "0", "0", "1.2", "s", "30", "s"]
    assert report.row(BAD).split()[2:6] == ["1", "0", "1", "never"]


@pytest.mark.parametrize(
    "result", [BAD, replace(GOOD, broken=["a check"]), replace(GOOD, recovered=None)]
)
def test_a_run_is_good_only_without_any_failure(result: Result) -> None:
    """A breach, a failed check or a bridge that was never idle makes a run bad."""
    assert GOOD.is_good
    assert not result.is_good


@pytest.mark.parametrize(
    "change",
    [
        {"states": {"complete": 2, "unrecorded": 0}},
        {"states": {"complete": 2, "unrecorded": 1, "live": 1}},
        {"states": {"complete": 2, "live": 1}},
        {"overdue": {"submit": 1}},
        {"inbox": {"waiting": 1}},
        {"hold": {"reason": "outage"}},
    ],
)
def test_the_bridge_is_idle_when_all_calls_rest_and_nothing_waits(change: dict[str, Any]) -> None:
    """Missing calls, calls not at rest, waiting events and a hold are not idle."""
    assert is_idle(IDLE, 3)
    assert not is_idle(IDLE | change, 3)


class FakeBridge(Bridge):
    """A bridge that returns these numbers of resting calls, one after the other."""

    def __init__(self, resting: Iterator[int]) -> None:
        self._resting = resting

    def stats(self) -> Json:
        """Return the next count."""
        return IDLE | {"states": {"complete": next(self._resting)}}


@pytest.mark.parametrize(
    ("resting", "idle"),
    [
        (chain(range(100), repeat(100)), True),  # one more at each poll, which is a second
        (repeat(99), False),
    ],
)
def test_a_slow_run_is_not_a_stuck_one(resting: Iterator[int], *, idle: bool) -> None:
    """Each call that comes to rest restarts the time limit."""
    senders, seconds = Senders("", ""), count()
    senders.start([])
    wait_for(lambda: senders.is_done, bool, "nothing is sent")
    found = wait_until_idle(
        FakeBridge(resting), senders, 100, 10, lambda: float(next(seconds)), lambda _: None
    )
    assert (found is not None) == idle
