"""Tests for the index writes of a saved record: every difference, and nothing else."""

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


def changes(before: Call | None, after: Call) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return the index changes by command and key."""
    return {
        (write[0], write[1]): write[2] for write in index_changes(KEYS, before, after, RETENTION)
    }


def test_a_new_call_is_added_to_each_index() -> None:
    """A new call is indexed by its first event's time, its state and its due time."""
    call = a_call(state=State.LIVE, due_at=AT)
    first, due = call.created_at.timestamp(), AT.timestamp() + 60
    assert changes(None, call) == {
        ("ZADD", "b:calls"): (first, call.call_id),
        ("ZADD", "b:state:live"): (first, call.call_id),
        ("ZADD", "b:due:expire"): (due, call.call_id),
    }


def test_unchanged_indexes_are_not_written() -> None:
    """A save that changes the record alone writes no index."""
    call = a_call(state=State.RECORDED, due_at=AT, external_url="wavv://call/1")
    assert changes(call, call.but(attempts=1)) == {}


def test_a_call_that_comes_to_rest_leaves_the_due_index() -> None:
    """A call at rest leaves the due index, is counted and gets a time for its removal."""
    before = a_call(state=State.TRANSCRIBED, due_at=AT, engagement_id="ngmt_1")
    after = before.but(state=State.COMPLETE, due_at=None)
    gone = after.updated_at.timestamp() + timedelta(days=30).total_seconds()
    first = after.created_at.timestamp()
    assert changes(before, after) == {
        ("ZREM", "b:due:insights"): (after.call_id,),
        ("ZREM", "b:state:transcribed"): (after.call_id,),
        ("ZADD", "b:state:complete"): (first, after.call_id),
        ("ZADD", "b:retire"): (gone, after.call_id),
        ("HINCRBY", "b:counters"): ("calls.complete", 1),
    }


def test_a_new_due_time_moves_within_its_set() -> None:
    """A held call's due time is indexed without the grace period."""
    before = a_call(state=State.RECORDED, due_at=AT)
    after = before.but(due_at=AT + timedelta(hours=1), held=True)
    due = (AT + timedelta(hours=1)).timestamp()
    assert changes(before, after) == {("ZADD", KEYS.due(SUBMIT)): (due, after.call_id)}


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
    """A lookup key is written once, with the save that learns its value."""
    before = a_call(state=State.RECORDED, due_at=AT)
    after = before.but(**change)
    assert changes(before, after) == {write: (after.call_id,)}
    assert changes(after, after.but(attempts=2)) == {}


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
    """A call is found by its link until it has an engagement, also when it has failed."""
    before = a_call(state=State.RECORDED, external_url="WAVV://call/1/")
    key = KEYS.awaiting("wavv://call/1")
    after = before.but(**change)
    assert changes(None, before)["SADD", key] == (before.call_id,)
    assert (("SREM", key) in changes(before, after)) is not awaits
    assert not awaits or ("SADD", key) not in changes(before, after)


def test_a_counter_grows_by_one() -> None:
    """A counter is incremented in the transaction of the save."""
    assert counted(KEYS, "engagements.created") == (
        "HINCRBY", "b:counters", ("engagements.created", 1),
    )  # fmt: skip


def test_a_call_without_its_engagement_is_not_found_by_it_for_ever() -> None:
    """The lookup of an engagement that the call no longer has gets an expiry."""
    before = a_call(state=State.SUBMITTED, engagement_id="ngmt_1")
    month = int(RETENTION.resting.total_seconds())
    assert changes(before, before.but(engagement_id=None)) == {
        ("EXPIRE", "b:engagement:ngmt_1"): (month,)
    }
