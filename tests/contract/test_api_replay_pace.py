"""The pace of a replay: due times on the records, over several pages."""

from datetime import datetime, timedelta

import httpx
import pytest

from bridge.api import replays
from tests.support.bridge_with_api import Operated


def dues(response: httpx.Response) -> tuple[datetime, datetime]:
    """Return the due times of the first and the last call of a page."""
    page = response.json()
    first, last = (datetime.fromisoformat(page[f"{one}_due_at"]) for one in ("first", "last"))
    return first, last


def test_a_replay_is_spread_by_its_pace_and_held_by_the_records_alone(operated: Operated) -> None:
    """A replay sets due times on the records, newest first, and publishes nothing."""
    calls = operated.fail(12)
    operated.bridge.published.messages.clear()
    start = operated.bridge.clock() + timedelta(seconds=2)
    response = operated.replay(state="failed", dry_run=False, pace="6/m")
    due = [call.due_at for call in operated.records(calls)]
    assert due == [start + timedelta(seconds=10 * place) for place in range(12)][::-1]
    assert dues(response) == (start, start + timedelta(seconds=110))
    assert operated.bridge.published.messages == []


def test_the_pace_is_what_leaves(operated: Operated) -> None:
    """With a pace of six a minute six requests leave a minute."""
    operated.fail(12)
    operated.accept_all()
    before = len(operated.bridge.requests())
    operated.replay(state="failed", dry_run=False, pace="6/m")
    operated.bridge.sweep_for(seconds=90)
    assert len(operated.bridge.requests()) - before <= 6
    operated.bridge.sweep_for(minutes=2)
    assert len(operated.bridge.requests()) - before == 12


def test_the_pace_continues_over_pages(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page of a replay continues the pace, because the cursor carries it."""
    monkeypatch.setattr(replays, "MOST", 5)
    calls = operated.fail(12)
    start = operated.bridge.clock() + timedelta(seconds=2)
    cursor: str | None = None
    started: list[int] = []
    while not started or cursor:
        order = {"state": "failed", "dry_run": False, "pace": "1/m", "cursor": cursor}
        page = operated.replay(**order, limit=9).json()
        started.append(page["started"])
        cursor = page["next_cursor"]
    assert started == [5, 5, 2]
    due = [call.due_at for call in operated.records(calls)]
    assert due == [start + timedelta(minutes=place) for place in range(12)][::-1]


@pytest.mark.parametrize(
    ("pace", "apart"),
    [("6/m", 10), ("1/s", 1), ("500/h", 7.2), ("100/s", 0.01), (2, 0.5), (0.5, 2), (None, 1)],
)
def test_a_pace_is_calls_in_a_time(operated: Operated, pace: object, apart: float) -> None:
    """A pace is a number of calls per second, minute or hour; the default is one a second."""
    operated.fail(2)
    first, last = dues(operated.replay(state="failed", dry_run=False, pace=pace))
    assert (last - first).total_seconds() == apart
