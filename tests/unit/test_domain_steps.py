"""Tests for the step that each state needs next, and when it is due."""

from datetime import datetime, timedelta

import pytest

from bridge.domain.call import RESTING, Call, State
from bridge.domain.steps import (
    EXPIRE,
    INSIGHTS,
    STEPS,
    SUBMIT,
    countdown,
    is_due,
    next_step,
    sweep_at,
)
from tests.support.domain import AT, recorded_call

LIMIT = timedelta(minutes=5)
GRACE = timedelta(seconds=30)


def due(seconds: float | None, *, held: bool = False) -> Call:
    """Return a recorded call whose next step is due this many seconds from now."""
    at = None if seconds is None else AT + timedelta(seconds=seconds)
    return recorded_call().but(due_at=at, held=held)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (State.LIVE, EXPIRE),
        (State.ENDED, EXPIRE),
        (State.RECORDED, SUBMIT),
        (State.SUBMITTED, INSIGHTS),
        (State.TRANSCRIBED, INSIGHTS),
        *((state, None) for state in sorted(RESTING)),
    ],
)
def test_every_state_that_does_not_rest_has_a_step(state: State, step: object) -> None:
    """Each state has its step, and states at rest have none."""
    assert next_step(due(0).but(state=state)) is step


def test_only_steps_with_requests_are_held() -> None:
    """A hold applies to the two steps that send requests to AskElephant."""
    assert [step.sends_requests for step in STEPS] == [False, True, True]
    assert len({step.task for step in STEPS}) == len({step.name for step in STEPS}) == 3


@pytest.mark.parametrize(
    ("seconds", "is_now"), [(None, False), (-60, True), (0, True), (0.5, True), (0.501, False)]
)
def test_a_step_is_due_at_its_time_or_half_a_second_before(
    seconds: float | None,
    is_now: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """A step is due up to half a second early, because clocks of two machines differ."""
    assert is_due(due(seconds), SUBMIT, AT) is is_now


def test_another_states_step_is_never_due() -> None:
    """A repeated or late task of another state finds nothing to do."""
    assert not is_due(due(0), INSIGHTS, AT)
    assert not is_due(due(0).but(state=State.COMPLETE), SUBMIT, AT)


@pytest.mark.parametrize(
    ("call", "wait"),
    [
        (due(None), None),
        (due(2), 2.0),
        (due(0), 0.0),
        (due(-60), 0.0),
        (due(300), 300.0),
        (due(300.001), None),
        (due(2, held=True), None),
    ],
)
def test_only_short_waits_are_messages(call: Call, wait: float | None) -> None:
    """A short wait becomes a delayed message; long waits and held calls wait for the sweep."""
    assert countdown(call, AT, LIMIT) == wait


@pytest.mark.parametrize(
    ("call", "at"),
    [
        (due(None), None),
        (due(2), AT + timedelta(seconds=32)),
        (due(2, held=True), AT + timedelta(seconds=2)),
    ],
)
def test_the_sweep_waits_for_a_task_in_flight(call: Call, at: datetime | None) -> None:
    """The sweep waits for a grace period after the due time, but not for a held call."""
    assert sweep_at(call, GRACE) == at
