"""What is written with a record: only what differs, and all of it."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.call import Call, State, new_call
from bridge.domain.steps import SUBMIT
from bridge.store.index_changes import Retention, counted, index_changes
from bridge.store.keys import Keys
from tests.support.domain import AT

KEYS = Keys("b")
RETENTION = Retention(grace=timedelta(minutes=1), resting=timedelta(days=30))


def a_call(**fields: Any) -> Call:  # noqa: ANN401 - fields are of many types
    """Return a saved call with these fields."""
    return new_call("c-1", AT).but(version=1, **fields)


def moved(before: Call | None, after: Call) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return the index_changes by command and key."""
    return {
        (write[0], write[1]): write[2] for write in index_changes(KEYS, before, after, RETENTION)
    }


def test_a_new_call_is_put_into_each_of_its_places() -> None:
    """By when it was first heard of; due when the sweep may publish it."""
    call = a_call(state=State.LIVE, due_at=AT)
    first, due = call.created_at.timestamp(), AT.timestamp() + 60
    assert moved(None, call) == {
        ("ZADD", "b:calls"): (first, call.call_id),
        ("ZADD", "b:state:live"): (first, call.call_id),
        ("ZADD", "b:due:expire"): (due, call.call_id),
    }


def test_what_stays_is_not_written_again() -> None:
    """Most saves change the record alone."""
    call = a_call(state=State.RECORDED, due_at=AT, external_url="wavv://call/1")
    assert moved(call, call.but(attempts=1)) == {}


def test_a_call_that_comes_to_rest_leaves_what_is_due() -> None:
    """It is counted, and may be forgotten one day."""
    before = a_call(state=State.TRANSCRIBED, due_at=AT, engagement_id="ngmt_1")
    after = before.but(state=State.COMPLETE, due_at=None)
    gone = after.updated_at.timestamp() + timedelta(days=30).total_seconds()
    first = after.created_at.timestamp()
    assert moved(before, after) == {
        ("ZREM", "b:due:insights"): (after.call_id,),
        ("ZREM", "b:state:transcribed"): (after.call_id,),
        ("ZADD", "b:state:complete"): (first, after.call_id),
        ("ZADD", "b:retire"): (gone, after.call_id),
        ("HINCRBY", "b:counters"): ("calls.complete", 1),
    }


def test_a_new_due_time_moves_within_its_set() -> None:
    """Held, without the grace."""
    before = a_call(state=State.RECORDED, due_at=AT)
    after = before.but(due_at=AT + timedelta(hours=1), held=True)
    due = (AT + timedelta(hours=1)).timestamp()
    assert moved(before, after) == {("ZADD", KEYS.due(SUBMIT)): (due, after.call_id)}


@pytest.mark.parametrize(
    ("change", "write"),
    [
        ({"engagement_id": "ngmt_1"}, ("SET", "b:engagement:ngmt_1")),
        ({"external_url": "wavv://call/1"}, ("SADD", KEYS.awaiting("wavv://call/1"))),
    ],
)
def test_a_lookup_is_written_when_it_is_learnt(
    change: dict[str, str], write: tuple[str, str]
) -> None:
    """And not with every save after that."""
    before = a_call(state=State.RECORDED, due_at=AT)
    after = before.but(**change)
    assert moved(before, after) == {write: (after.call_id,)}
    assert moved(after, after.but(attempts=2)) == {}


@pytest.mark.parametrize(
    ("change", "awaits"),
    [
        ({"engagement_id": "ngmt_1"}, False),
        ({"state": State.SKIPPED}, False),
        ({"state": State.FAILED}, True),
        ({"attempts": 2}, True),
    ],
)
def test_a_call_is_found_by_its_link_until_it_has_its_engagement(
    change: dict[str, Any], *, awaits: bool
) -> None:
    """A failed one, too: the request may have created it. A link may be shared by thousands."""
    before = a_call(state=State.RECORDED, external_url="WAVV://call/1/")
    key = KEYS.awaiting("wavv://call/1")
    after = before.but(**change)
    assert moved(None, before)["SADD", key] == (before.call_id,)
    assert (("SREM", key) in moved(before, after)) is not awaits
    assert not awaits or ("SADD", key) not in moved(before, after)


def test_a_counter_grows_by_one() -> None:
    """With the save, so that it is counted once however often the save is tried."""
    assert counted(KEYS, "engagements.created") == (
        "HINCRBY", "b:counters", ("engagements.created", 1),
    )  # fmt: skip


def test_a_call_without_its_engagement_is_not_found_by_it_for_ever() -> None:
    """Whatever took it away: the record is the truth."""
    before = a_call(state=State.SUBMITTED, engagement_id="ngmt_1")
    month = int(RETENTION.resting.total_seconds())
    assert moved(before, before.but(engagement_id=None)) == {
        ("EXPIRE", "b:engagement:ngmt_1"): (month,)
    }
