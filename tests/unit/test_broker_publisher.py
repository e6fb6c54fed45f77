"""Tests for batches: calls that become due at the same time share one message."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.broker.publisher import BATCH, BATCH_SECONDS, batches, publish_next
from bridge.domain.call import Call, State, new_call
from bridge.domain.steps import EXPIRE, SUBMIT
from tests.support.recording_publisher import Clock, Published

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
LIMIT = timedelta(minutes=5)


def due(call_id: str, seconds: float | None, state: State = State.RECORDED) -> Call:
    """Return a call that is due in this many seconds."""
    at = None if seconds is None else NOW + timedelta(seconds=seconds)
    return new_call(call_id, NOW).but(state=state, due_at=at)


def published(*calls: Call) -> Published:
    """Return the messages that are published for these calls."""
    writes = Published(Clock(NOW), is_batched=True)
    publish_next(writes, calls, NOW, LIMIT)
    return writes


def test_calls_due_at_the_same_time_share_a_message() -> None:
    """Calls of one step share a message in their order."""
    writes = published(due("b", 2), due("a", 2), due("c", 2, State.LIVE))
    assert writes.tasks() == [(SUBMIT.task, "b", "a"), (EXPIRE.task, "c")]


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, 3 * BATCH])
def test_a_message_names_no_more_than_a_batch(count: int) -> None:
    """A message names at most ``BATCH`` calls, so that workers share a burst."""
    found = [*batches((0.0, f"c-{number}") for number in range(count))]
    assert [call_id for _, ids in found for call_id in ids] == [f"c-{n}" for n in range(count)]
    assert max(len(ids) for _, ids in found) <= BATCH
    assert len(found) == -(-count // BATCH)


def test_a_batch_is_due_with_its_last_call() -> None:
    """A batch is delayed until its last call is due, at most ``BATCH_SECONDS`` after its first."""
    waits = [
        (BATCH_SECONDS, "b"),
        (0.0, "a"),
        (2 * BATCH_SECONDS, "d"),
        (BATCH_SECONDS + 0.01, "c"),
    ]
    assert [*batches(waits)] == [(BATCH_SECONDS, ["a", "b"]), (2 * BATCH_SECONDS, ["c", "d"])]
    assert [*batches([])] == []


def test_a_call_that_is_due_late_or_never_has_no_message() -> None:
    """A call that is due after the limit is left to the sweep."""
    late = due("late", LIMIT.total_seconds() + 1)
    assert published(late, due("never", None), due("rests", 0, State.COMPLETE)).tasks() == []
