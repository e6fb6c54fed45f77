"""Tests for the insight fetches: when the next one runs and which result is final."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.call import Call, InsightsSummary, State
from bridge.domain.events import InsightsFinal, InsightsRead
from bridge.domain.insights import (
    insights_of,
    labelled,
    last_insight_check,
    merge_insights,
    next_insight_check,
)
from bridge.domain.machine import advance
from bridge.domain.policy import Policy
from tests.support.domain import AT, JSON, POLICY, TEXTS, call_in

DEADLINE = AT + timedelta(minutes=30)
ITEMS: dict[str, Any] = {"action_items": [{"id": "ai_1"}, {"id": "ai_2"}]}
SIGNALS: dict[str, Any] = {"signals": [{"id": "sig_1"}]}


def waiting(checks: int = 0, deadline: datetime | None = DEADLINE) -> Call:
    """Return a call whose insights were fetched this many times, each time when due."""
    return call_in(State.TRANSCRIBED).but(
        insights=InsightsSummary(checks=checks, deadline=deadline), due_at=None
    )


@pytest.mark.parametrize(
    ("known", "required", "status"),
    [
        (ITEMS | SIGNALS, ("action_items", "signals"), "all"),
        (ITEMS, ("action_items",), "all"),
        ({}, (), "all"),
        (ITEMS | {"signals": []}, ("action_items", "signals"), "some"),
        (SIGNALS, ("action_items", "signals"), "some"),
        ({"action_items": [], "signals": []}, ("action_items", "signals"), "none"),
        ({"transcript": "Hello."}, ("action_items", "signals"), "none"),
        ({"transcript": "Hello."}, ("transcript",), "all"),
    ],
)
def test_the_final_status_counts_the_required_insights(
    known: dict[str, Any], required: tuple[str, ...], status: str
) -> None:
    """At the deadline the status is all, some or none of the required insights."""
    event = next_insight_check(waiting(), known, DEADLINE, 0.5, Policy(insights_required=required))
    assert isinstance(event, InsightsFinal)
    assert (event.summary.status, event.summary.checks) == (status, 1)


def test_fetches_end_at_the_deadline_however_late_each_runs() -> None:
    """Fetches stop at the deadline although each runs and is saved some milliseconds late."""
    call, now = waiting().but(state_since=AT), AT + timedelta(seconds=45)
    fetches = 0
    while call.state is State.TRANSCRIBED and fetches < 100:
        event = next_insight_check(call, {}, now, 0.5, POLICY)
        call = advance(call, event, now + timedelta(milliseconds=7), POLICY)
        now = (call.due_at or now) + timedelta(milliseconds=300)
        fetches += 1
    assert call.state is State.COMPLETE
    assert fetches < 12
    assert now < DEADLINE + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("checks", "waited", "is_final"),
    [(0, 60, False), (1, 60, False), (2, 60, True), (0, 1, True), (0, 0, True)],
)
def test_a_call_that_waited_is_fetched_three_times_even_beyond_the_deadline(
    checks: int, waited: float, *, is_final: bool
) -> None:
    """A call that waited for a hold gets three fetches, if need be after its deadline."""
    call = waiting(checks).but(waited=timedelta(seconds=waited))
    event = next_insight_check(call, {}, DEADLINE, 0.5, POLICY)
    assert isinstance(event, InsightsFinal) is is_final
    if isinstance(event, InsightsRead):
        assert event.next_at > DEADLINE


def test_the_last_required_insight_ends_the_wait() -> None:
    """The wait ends when every required insight is there; others are not waited for."""
    event = next_insight_check(waiting(3), ITEMS | SIGNALS, AT, 0.5, POLICY)
    assert event == InsightsFinal(
        InsightsSummary(
            status="all", counts={"action_items": 2, "signals": 1}, checks=4, deadline=DEADLINE
        )
    )


def test_while_something_is_missing_there_is_another_check() -> None:
    """A missing insight leads to another check; the summary counts the lists that came."""
    event = next_insight_check(waiting(), ITEMS | {"transcript": "Hi."}, AT, 0.0, POLICY)
    assert event == InsightsRead(
        InsightsSummary(counts={"action_items": 2}, checks=1, deadline=DEADLINE),
        next_at=AT + timedelta(seconds=67.5),
    )


@pytest.mark.parametrize(
    ("checks", "seconds"),
    [(0, 67.5), (1, 101.25), (2, 151.875), (3, 227.8125), (4, 300), (50, 300), (10**9, 300)],
)
def test_waits_grow_by_half_up_to_the_cap(checks: int, seconds: float) -> None:
    """Each wait is 1.5 times the last, at most 300 s; jitter subtracts up to a quarter."""
    for jitter, part in ((0.0, 1.0), (1.0, 0.75)):
        event = next_insight_check(waiting(checks), {}, AT, jitter, POLICY)
        assert isinstance(event, InsightsRead)
        assert event.next_at == AT + timedelta(seconds=seconds * part)


@given(
    st.integers(0, 10**6),
    st.timedeltas(timedelta(hours=-1), timedelta(hours=1)),
    st.floats(0, 1),
    st.timedeltas(timedelta(0), timedelta(days=3650)),
    st.timedeltas(timedelta(0), timedelta(days=3650)),
)
def test_no_check_is_beyond_the_deadline_nor_in_the_past(
    checks: int, left: timedelta, jitter: float, first: timedelta, longest: timedelta
) -> None:
    """Each check is between now and the deadline, and the check at the deadline is final."""
    policy = Policy(insights_first_delay=first, insights_max_delay=longest)
    event = next_insight_check(waiting(checks), ITEMS, DEADLINE - left, jitter, policy)
    if isinstance(event, InsightsRead):
        assert DEADLINE - left <= event.next_at <= DEADLINE
    assert isinstance(event, InsightsRead) is (left >= timedelta(seconds=1))
    assert event.summary.deadline == DEADLINE


def test_a_call_without_a_deadline_waits_no_longer() -> None:
    """A call without a deadline gets a final check at once, so that no wait is endless."""
    assert isinstance(
        next_insight_check(waiting(deadline=None), {}, AT, 0.5, POLICY), InsightsFinal
    )


@pytest.mark.parametrize(
    ("known", "fetched", "merged"),
    [
        ({}, ITEMS, ITEMS),
        (ITEMS, {"action_items": []}, ITEMS),
        (ITEMS, {"action_items": None}, ITEMS),
        (ITEMS, SIGNALS, ITEMS | SIGNALS),
        ({"signals": []}, SIGNALS, SIGNALS),
        ({"signals": None}, {"signals": []}, {"signals": []}),
        (SIGNALS, {"signals": [{"id": "sig_2"}]}, {"signals": [{"id": "sig_2"}]}),
        ({"transcript": "Hello."}, {"transcript": ""}, {"transcript": "Hello."}),
    ],
)
def test_newer_replaces_older_but_empty_never_replaces_filled(
    known: dict[str, Any], fetched: dict[str, Any], merged: dict[str, Any]
) -> None:
    """A newer value replaces an older one unless the newer value is empty."""
    assert merge_insights(known, fetched) == merged


@given(st.dictionaries(TEXTS, JSON), st.dictionaries(TEXTS, JSON))
def test_a_fetch_only_ever_adds(known: dict[str, Any], fetched: dict[str, Any]) -> None:
    """No fetch empties a filled value, and the same fetch twice changes nothing."""
    merged = merge_insights(known, fetched)
    assert all(merged[key] for key in known if known[key])
    assert set(merged) == {*known, *fetched}
    assert merge_insights(merged, fetched) == merged


def test_a_first_fetch_at_once_is_not_repeated_at_once() -> None:
    """With a first delay of zero the second check is still at least one second later."""
    policy = replace(POLICY, insights_first_delay=timedelta(0))
    event = next_insight_check(waiting(), {}, AT, 0.0, policy)
    assert isinstance(event, InsightsRead)
    assert event.next_at >= AT + timedelta(seconds=1)


def test_insights_are_those_of_their_engagement() -> None:
    """Insights of another engagement are ignored; a document without an id matches any."""
    document = labelled(SIGNALS, "ngmt_1")
    assert insights_of(document, "ngmt_1") == SIGNALS
    assert insights_of(document, "ngmt_2") == insights_of(document, None) == {}
    assert insights_of(SIGNALS, "ngmt_2") == SIGNALS


def test_a_last_check_is_final_with_the_insights_so_far() -> None:
    """A last check, after AskElephant's processing has failed, counts the insights so far."""
    assert last_insight_check(waiting(), SIGNALS, POLICY).summary.status == "some"
