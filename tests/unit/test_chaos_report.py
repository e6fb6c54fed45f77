"""What the chaos suite prints, and when it takes the bridge for quiet."""

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
QUIET: dict[str, Any] = {
    "states": {"complete": 2, "unrecorded": 1, "live": 0},
    "overdue": {"submit": 0},
    "inbox": {"waiting": 0},
    "hold": None,
}


def test_a_row_counts_calls_and_not_signs() -> None:
    """Two signs of one lost call are one lost call."""
    assert report.head().split() == [
        "fault", "calls", "lost", "duplicated", "stuck", "recovered", "took",
    ]  # fmt: skip
    assert report.row(GOOD).split() == ["kill-web", "300", "0", "0", "0", "1.2", "s", "30", "s"]
    assert report.row(BAD).split()[2:6] == ["1", "0", "1", "never"]


@pytest.mark.parametrize(
    "result", [BAD, replace(GOOD, broken=["a promise"]), replace(GOOD, recovered=None)]
)
def test_a_run_is_good_only_if_all_is(result: Result) -> None:
    """No breach, no broken promise, and quiet in time."""
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
def test_it_is_quiet_when_all_calls_rest_and_nothing_waits(change: dict[str, Any]) -> None:
    """Too few calls, too many, one on its way, an event, a hold: not yet."""
    assert is_idle(QUIET, 3)
    assert not is_idle(QUIET | change, 3)


class Told(Bridge):
    """A bridge that tells these counts of resting calls, one after the other."""

    def __init__(self, resting: Iterator[int]) -> None:
        self._resting = resting

    def stats(self) -> Json:
        """Return the next count."""
        return QUIET | {"states": {"complete": next(self._resting)}}


@pytest.mark.parametrize(
    ("resting", "quiet"),
    [
        (chain(range(100), repeat(100)), True),  # one more at each look, which is a second
        (repeat(99), False),
    ],
)
def test_a_slow_run_is_not_a_stuck_one(resting: Iterator[int], *, quiet: bool) -> None:
    """Patience begins anew with each call that comes to rest; then it ends."""
    senders, seconds = Senders("", ""), count()
    senders.start([])
    wait_for(lambda: senders.is_done, bool, "nothing is sent")
    found = wait_until_idle(
        Told(resting), senders, 100, 10, lambda: float(next(seconds)), lambda _: None
    )
    assert (found is not None) == quiet
