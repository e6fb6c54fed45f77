"""Deadlines leave out the time in which a call waited for a hold, or for a worker."""

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
    """Return a call that is held from now on."""
    return after([HELD], call_in(state).but(due_at=AT))


def test_a_held_call_waits_from_the_first_hold_on() -> None:
    """Held again and again is one wait."""
    call = after([HELD], held(), AT + MINUTE)
    assert (call.held_since, call.waited) == (AT, timedelta(0))
    assert waited(call, AT - HOUR, AT + HOUR) == HOUR
    assert waited(call, AT + MINUTE, AT + HOUR) == HOUR - MINUTE
    assert waited(call, AT + HOUR, AT) == timedelta(0)


def test_a_call_that_is_overdue_waits_for_a_worker() -> None:
    """Its step was due and did not run: that is no failure of the call's."""
    call = call_in(State.RECORDED).but(due_at=AT + MINUTE)
    assert waited(call, AT, AT + HOUR) == HOUR - MINUTE
    assert waited(call.but(due_at=None), AT, AT + HOUR) == timedelta(0)


def test_the_usual_lateness_of_a_step_is_no_wait() -> None:
    """A message and the sweep take minutes: a deadline of a day must not move by hours."""
    call = call_in(State.RECORDED).but(due_at=AT)
    assert waited(call, AT, AT + 5 * MINUTE) == timedelta(0)
    assert waited(call, AT, AT + 6 * MINUTE) == 6 * MINUTE
    assert waited(held(), AT, AT + MINUTE) == MINUTE


def test_a_hold_ends_and_its_time_is_taken_out_of_every_clock() -> None:
    """The retry deadline goes on where it was, and so does the state's."""
    failing = after([FAILED], call_in(State.RECORDED).but(due_at=AT))
    waiting = after([HELD], failing, AT + MINUTE)
    assert age(waiting, waiting.failing_since, AT + 2 * HOUR) == MINUTE
    failed = e.Deferred("askelephant_error", AT + 3 * HOUR)
    again = after([failed], waiting, AT + 2 * HOUR)
    assert age(again, again.failing_since, AT + 2 * HOUR) == MINUTE
    assert waited_in_state(again, AT + 2 * HOUR) == 2 * HOUR - MINUTE
    assert state_deadline(again, HOUR, AT + 2 * HOUR) == AT + 3 * HOUR - MINUTE


def test_a_probe_that_fails_under_a_hold_counts_and_waits_on() -> None:
    """Its clock starts at the failure, and the wait of the hold begins again."""
    call = after([FAILED_HELD], held(), AT + HOUR)
    assert (call.failures, call.missing, call.held) == (1, 1, True)
    assert (call.failing_since, call.missing_since) == (AT + HOUR, AT + HOUR)
    assert (call.held_since, call.waited) == (AT + HOUR, HOUR)
    assert age(call, call.failing_since, AT + 5 * HOUR) == timedelta(0)


def test_the_insights_deadline_is_put_off_by_the_hold() -> None:
    """While it lasts, and for good when it has ended."""
    call = held(State.TRANSCRIBED)
    deadline = call.insights.deadline
    assert deadline is not None
    assert insights_deadline(call, AT + HOUR) == deadline + HOUR
    read = after([e.InsightsRead(call.insights, READ.next_at)], call, AT + HOUR)
    assert (read.insights.deadline, read.held_since) == (deadline + HOUR, None)
    assert read.problem is None


@pytest.mark.parametrize("since", [None, AT])
def test_another_state_starts_afresh(since: object) -> None:
    """A call that has not failed has no age, and a new state has not waited."""
    call = after([e.Failed("rejected")], held(), AT + HOUR)
    assert (call.held_since, call.waited) == (None, timedelta(0))
    if since is None:
        assert age(call, None, AT + HOUR) == timedelta(0)
