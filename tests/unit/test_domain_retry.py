"""Tests for the plan after a failure: for the call, and for all calls."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.call import Call, Problem, State
from bridge.domain.events import Failed, RecordingAwaited
from bridge.domain.machine import advance
from bridge.domain.policy import Policy
from bridge.domain.retry import (
    AwaitRecording,
    DropFields,
    DropOwner,
    Failure,
    GiveUp,
    HoldAll,
    Plan,
    RetryAt,
    Trouble,
    backoff,
    plan_look,
    plan_retry,
)
from tests.support.domain import AT, POLICY, recorded_call

PROBLEM = Problem(reason="why", status=500)
FRESH = recorded_call()
HELD_BEFORE = FRESH.but(failures=3)
OLD = FRESH.but(failing_since=AT - POLICY.retry_deadline)
ALMOST_OLD = FRESH.but(failing_since=AT - POLICY.retry_deadline + timedelta(seconds=1))
LONG_HELD = FRESH.but(state_since=AT - 2 * POLICY.retry_deadline)
TOO_LATE = FRESH.but(state_since=AT - POLICY.recording_deadline)
LATE = TOO_LATE.but(state_since=TOO_LATE.state_since + timedelta(seconds=30))
SUBMITTED = FRESH.but(engagement_id="ngmt_1")
GONE = SUBMITTED.but(missing=5, missing_since=AT - timedelta(hours=3))
ONE_SECOND = timedelta(seconds=1)
HELD_GONE = GONE.but(held=True, held_since=AT - ONE_SECOND, due_at=AT)
OLD_HELD = OLD.but(held=True, held_since=AT - ONE_SECOND, due_at=AT)


def seconds(number: float) -> timedelta:
    """Return this many seconds as a timedelta."""
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("trouble", "retry_after", "call", "plan"),
    [
        (Trouble.TRANSIENT, None, FRESH, RetryAt(AT + seconds(5))),
        (Trouble.TRANSIENT, None, HELD_BEFORE, RetryAt(AT + seconds(40))),
        (Trouble.TRANSIENT, seconds(30), FRESH, RetryAt(AT + seconds(30))),
        (Trouble.TRANSIENT, seconds(0), FRESH, RetryAt(AT + seconds(5))),
        (Trouble.TRANSIENT, timedelta(days=1), FRESH, RetryAt(AT + timedelta(minutes=15))),
        (Trouble.TRANSIENT, None, ALMOST_OLD, RetryAt(AT + seconds(5))),
        (Trouble.TRANSIENT, None, OLD, GiveUp("why")),
        (Trouble.TRANSIENT, None, LONG_HELD, RetryAt(AT + seconds(5))),
        (Trouble.TRANSIENT, seconds(30), OLD, GiveUp("why")),
        (Trouble.THROTTLED, seconds(30), FRESH, HoldAll(AT + seconds(30))),
        (Trouble.THROTTLED, timedelta(days=1), FRESH, HoldAll(AT + timedelta(days=1))),
        (Trouble.THROTTLED, None, HELD_BEFORE, HoldAll(AT + seconds(5))),
        (Trouble.THROTTLED, None, OLD, HoldAll(AT + seconds(5))),
        (Trouble.CREDENTIALS, None, FRESH, HoldAll(AT + timedelta(minutes=1))),
        (Trouble.CREDENTIALS, seconds(30), OLD, HoldAll(AT + timedelta(minutes=1))),
        (Trouble.REJECTED, None, FRESH, GiveUp("why")),
        (Trouble.MEDIA, None, FRESH, AwaitRecording(AT + seconds(60))),
        (Trouble.MEDIA, seconds(5), FRESH, AwaitRecording(AT + seconds(60))),
        (Trouble.MEDIA, None, FRESH.but(looks=2, failures=9), AwaitRecording(AT + seconds(240))),
        (Trouble.MEDIA, None, FRESH.but(looks=99), AwaitRecording(AT + timedelta(hours=1))),
        (Trouble.MEDIA, None, LATE, AwaitRecording(AT + seconds(30))),
        (Trouble.MEDIA, None, TOO_LATE, GiveUp("why")),
        (Trouble.MEDIA, None, SUBMITTED.but(state=State.SUBMITTED), GiveUp("why")),
        (Trouble.OWNER, None, FRESH, DropOwner()),
        (Trouble.OWNER, None, FRESH.but(owner_refused=True), GiveUp("why")),
        (Trouble.OWNER, None, FRESH.but(state=State.SUBMITTED), GiveUp("why")),
        (Trouble.MISSING, None, SUBMITTED, RetryAt(AT + seconds(5))),
        (Trouble.MISSING, None, SUBMITTED.but(missing=4), RetryAt(AT + seconds(80))),
        (Trouble.MISSING, None, SUBMITTED.but(failures=9), RetryAt(AT + seconds(5))),
        (Trouble.MISSING, None, GONE, GiveUp("why")),
        (Trouble.MISSING, None, GONE.but(missing=4), RetryAt(AT + seconds(80))),
        (Trouble.MISSING, None, GONE.but(missing_since=AT), RetryAt(AT + seconds(160))),
        (Trouble.MISSING, None, HELD_GONE, RetryAt(AT + seconds(160))),
        (Trouble.MISSING, None, GONE.but(engagement_id=None), RetryAt(AT + seconds(160))),
        (Trouble.FORBIDDEN, None, FRESH, RetryAt(AT + seconds(5))),
        (Trouble.FORBIDDEN, None, OLD, GiveUp("why")),
        (Trouble.FORBIDDEN, None, OLD_HELD, RetryAt(AT + seconds(5))),
        (Trouble.TRANSIENT, None, OLD_HELD, RetryAt(AT + seconds(5))),
        (Trouble.MISSING, None, OLD.but(failures=5), GiveUp("why")),
    ],
)
def test_each_trouble_leads_to_its_plan(
    trouble: Trouble, retry_after: timedelta | None, call: Call, plan: Plan
) -> None:
    """Each kind of failure leads to the plan of its row, here without jitter."""
    failure = Failure(trouble, PROBLEM, retry_after)
    assert plan_retry(failure, call, AT, 0.0, POLICY) == plan


@pytest.mark.parametrize(("throttles", "wait"), [(0, 5), (1, 10), (5, 160), (20, 900)])
def test_throttles_in_a_row_hold_longer_each_time(throttles: int, wait: float) -> None:
    """Each throttle in a row makes the hold twice as long, unless ``Retry-After`` sets it."""
    bare, timed = (
        Failure(Trouble.THROTTLED, PROBLEM),
        Failure(Trouble.THROTTLED, PROBLEM, seconds(3)),
    )
    assert plan_retry(bare, FRESH, AT, 0.0, POLICY, throttles) == HoldAll(AT + seconds(wait))
    assert plan_retry(timed, FRESH, AT, 0.0, POLICY, throttles) == HoldAll(AT + seconds(3))


@pytest.mark.parametrize(
    ("looks", "refetches", "plan"),
    [
        (0, False, GiveUp("why")),
        (0, True, AwaitRecording(AT + seconds(60))),
        (1, True, GiveUp("why")),
    ],
)
def test_after_the_deadline_a_link_that_can_be_fetched_gets_one_look(
    looks: int,
    refetches: bool,  # noqa: FBT001 - a row of a table
    plan: AwaitRecording | GiveUp,
) -> None:
    """A call past its deadline fetches its link once, if there is a key for WAVV's API."""
    policy = replace(POLICY, refetches_links=refetches)
    assert plan_look("why", TOO_LATE.but(looks=looks), AT, 0.0, policy) == plan


def test_every_trouble_has_a_plan() -> None:
    """Every member of ``Trouble`` has a plan."""
    for trouble in Trouble:
        assert plan_retry(Failure(trouble, PROBLEM), FRESH, AT, 0.5, POLICY)


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 5), (1, 10), (2, 20), (7, 640), (8, 900), (100, 900), (10**9, 900)],
)
def test_the_wait_doubles_up_to_the_cap(failures: int, wait: float) -> None:
    """Each failure makes the backoff twice as long up to the cap; jitter halves it at most."""
    assert backoff(failures, 0.0, POLICY) == seconds(wait)
    assert backoff(failures, 1.0, POLICY) == seconds(wait / 2)


@given(
    st.integers(0, 10**6),
    st.floats(0, 1, exclude_max=True),
    st.timedeltas(seconds(0.001), timedelta(days=3650)),
    st.timedeltas(seconds(0), timedelta(days=3650)),
)
def test_a_wait_is_between_half_the_cap_and_the_cap_whatever_the_policy(
    failures: int, jitter: float, first: timedelta, longest: timedelta
) -> None:
    """Under any policy the backoff is between half the shorter delay and the cap."""
    wait = backoff(failures, jitter, Policy(retry_first_delay=first, retry_max_delay=longest))
    assert min(first, longest) / 2 - seconds(1e-5) <= wait <= longest


@given(
    st.integers(0, 1_000), st.floats(0, 1), st.none() | st.timedeltas(seconds(0), seconds(86400))
)
def test_a_retry_is_never_in_the_past_nor_beyond_the_longest_wait(
    failures: int, jitter: float, retry_after: timedelta | None
) -> None:
    """``Retry-After`` overrides the backoff and is cut at the longest wait."""
    policy = replace(POLICY, retry_max_delay=timedelta(minutes=10))
    failure = Failure(Trouble.TRANSIENT, PROBLEM, retry_after)
    plan = plan_retry(failure, FRESH.but(failures=failures), AT, jitter, policy)
    assert isinstance(plan, RetryAt)
    assert AT < plan.at <= AT + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("trouble", "call", "plan"),
    [
        (Trouble.REJECTED, FRESH, DropFields(("lead_email",))),
        (Trouble.REJECTED, SUBMITTED.but(state=State.SUBMITTED), GiveUp("why")),
        (Trouble.OWNER, FRESH, DropOwner()),
        (Trouble.OWNER, FRESH.but(owner_refused=True), DropFields(("lead_email",))),
    ],
)
def test_fields_that_were_blamed_are_left_out(trouble: Trouble, call: Call, plan: Plan) -> None:
    """A rejected request is retried without the owner, then without the blamed fields."""
    failure = Failure(trouble, Problem(reason="why"), droppable=("lead_email",))
    assert plan_retry(failure, call, AT, 0, POLICY) == plan


def test_looks_for_a_recording_end_although_each_save_is_a_moment_after_its_decision() -> None:
    """The looks for a recording end although the time to save each one moves the deadline."""
    call, latency = FRESH.but(due_at=AT), timedelta(milliseconds=20)
    while call.state is State.RECORDED and call.looks < 200:
        assert call.due_at is not None
        now = call.due_at + latency
        plan = plan_look("why", call, now, 0, POLICY)
        following = RecordingAwaited("why", plan.at) if isinstance(plan, AwaitRecording) else None
        call = advance(call, following or Failed("why"), now + latency, POLICY)
    assert call.state is State.FAILED
    assert call.looks < 100
