"""Tests that deadlines exclude the time for which a call waited for a hold or for a worker."""

from datetime import timedelta

import pytest

from bridge.domain import events as e
from bridge.domain.call import Call, State
from bridge.domain.deadlines import (
    age,
    insights_deadline,
    state_deadline,
    waited,
    waited_in_state,
)
from tests.support.domain import AT, READ, after, call_in

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HELD = e.Deferred("outage", AT + MINUTE, held=True)
FAILED = e.Deferred("askelephant_error", AT + MINUTE)
FAILED_HELD = e.Deferred("outage", AT + MINUTE, held=True, failed=True, missing=True)


def held(state: State = State.RECORDED) -> Call:
    """Return a call in this state that is held since ``AT``."""
    return after([HELD], call_in(state).but(due_at=AT))


def test_a_held_call_waits_from_the_first_hold_on() -> None:
    """Several holds in a row count as one wait that starts with the first."""
    call = after([HELD], held(), AT + MINUTE)
    assert (call.held_since, call.waited) == (AT, timedelta(0))
    assert waited(call, AT - HOUR, AT + HOUR) == HOUR
    assert waited(call, AT + MINUTE, AT + HOUR) == HOUR - MINUTE
    assert waited(call, AT + HOUR, AT) == timedelta(0)


def test_a_call_that_is_overdue_waits_for_a_worker() -> None:
    """The time after ``due_at`` in which no worker ran the step counts as a wait."""
    call = call_in(State.RECORDED).but(due_at=AT + MINUTE)
    assert waited(call, AT, AT + HOUR) == HOUR - MINUTE
    assert waited(call.but(due_at=None), AT, AT + HOUR) == timedelta(0)


def test_the_usual_lateness_of_a_step_is_no_wait() -> None:
    """A step up to five minutes late adds no wait: messages and the sweep need that long."""
    call = call_in(State.RECORDED).but(due_at=AT)
    assert waited(call, AT, AT + 5 * MINUTE) == timedelta(0)
    assert waited(call, AT, AT + 6 * MINUTE) == 6 * MINUTE
    assert waited(held(), AT, AT + MINUTE) == MINUTE


def test_the_time_of_a_hold_counts_in_no_clock() -> None:
    """The time of a hold counts neither as retry time nor as time in the state."""
    failing = after([FAILED], call_in(State.RECORDED).but(due_at=AT))
    waiting = after([HELD], failing, AT + MINUTE)
    assert age(waiting, waiting.failing_since, AT + 2 * HOUR) == MINUTE
    failed = e.Deferred("askelephant_error", AT + 3 * HOUR)
    again = after([failed], waiting, AT + 2 * HOUR)
    assert age(again, again.failing_since, AT + 2 * HOUR) == MINUTE
    assert waited_in_state(again, AT + 2 * HOUR) == 2 * HOUR - MINUTE
    assert state_deadline(again, HOUR, AT + 2 * HOUR) == AT + 3 * HOUR - MINUTE


def test_a_probe_that_fails_under_a_hold_counts_as_a_failure() -> None:
    """A failed probe starts the retry clock, and the wait for the hold starts again."""
    call = after([FAILED_HELD], held(), AT + HOUR)
    assert (call.failures, call.missing, call.held) == (1, 1, True)
    assert (call.failing_since, call.missing_since) == (AT + HOUR, AT + HOUR)
    assert (call.held_since, call.waited) == (AT + HOUR, HOUR)
    assert age(call, call.failing_since, AT + 5 * HOUR) == timedelta(0)


def test_a_hold_moves_the_insights_deadline() -> None:
    """The deadline moves by the length of the hold, during the hold and after it."""
    call = held(State.TRANSCRIBED)
    deadline = call.insights.deadline
    assert deadline is not None
    assert insights_deadline(call, AT + HOUR) == deadline + HOUR
    read = after([e.InsightsRead(call.insights, READ.next_at)], call, AT + HOUR)
    assert (read.insights.deadline, read.held_since) == (deadline + HOUR, None)
    assert read.problem is None


@pytest.mark.parametrize("since", [None, AT])
def test_a_new_state_starts_without_wait_and_age(since: object) -> None:
    """A call that changes its state has no wait, and without a failure its age is zero."""
    call = after([e.Failed("rejected")], held(), AT + HOUR)
    assert (call.held_since, call.waited) == (None, timedelta(0))
    if since is None:
        assert age(call, None, AT + HOUR) == timedelta(0)
