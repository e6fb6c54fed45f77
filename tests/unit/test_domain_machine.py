"""Tests for the state machine: the state after each event, and the entry on the record."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import get_args

import pytest

from bridge.domain import events as e
from bridge.domain.call import Kind, State, new_call
from bridge.domain.machine import EFFECTS, TABLE, advance
from tests.support.domain import (
    AT,
    DEFERRED,
    ENDED,
    EVENTS,
    POLICY,
    PROBLEM,
    RECORDED,
    SENT,
    STARTED,
    SUBMITTED,
    UNLINKED,
    after,
    call_in,
    last_entry,
)

REFUSED = e.EventRefused("too_large", "call.recorded", Kind.RECORDED, 3_000_000, "7-0")


LATER = AT + timedelta(hours=1)


OTHERS = [kind for kind in EVENTS if kind is not e.CallHeard]


def test_every_event_has_its_effect() -> None:
    """Every event type has an effect and at least one row in the table."""
    assert set(get_args(e.Event)) == set(EVENTS) == {*EFFECTS, e.CallHeard}
    assert {kind for _, kind in TABLE} == set(EFFECTS)


@pytest.mark.parametrize(
    ("state", "kind"),
    [pair for pair in product(State, OTHERS) if pair in TABLE],
    ids=lambda value: value.__name__ if isinstance(value, type) else value,
)
def test_a_pair_in_the_table_leads_to_its_state(state: State, kind: type[e.Event]) -> None:
    """An event whose pair with the state is in the table leads to the state named there."""
    call = after([EVENTS[kind]], call_in(state), at=LATER)
    assert call.state is TABLE[state, kind]
    assert last_entry(call)["what"] != "event.ignored"
    assert call.state_since == (AT if call.state is state else LATER)


@pytest.mark.parametrize(
    ("state", "kind"),
    [pair for pair in product(State, OTHERS) if pair not in TABLE],
    ids=lambda value: value.__name__ if isinstance(value, type) else value,
)
def test_any_other_pair_is_noted_and_changes_nothing(state: State, kind: type[e.Event]) -> None:
    """An event without a row changes nothing but the timeline: late events are no errors."""
    before, event = call_in(state), EVENTS[kind]
    call = after([event], before, at=LATER)
    assert {"what": "event.ignored", "event": kind.__name__}.items() <= last_entry(call).items()
    assert call.updated_at == LATER
    assert call.but(updated_at=AT, timeline=before.timeline) == before


def test_an_event_that_is_ignored_is_still_found_on_the_timeline() -> None:
    """The entry of an ignored event names the inbox entry of the event."""
    call = after([e.TranscriptReady("ngmt_1", "webhook", "7-0")], call_in(State.COMPLETE))
    assert last_entry(call)["entry"] == "7-0"


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        ((STARTED, e.DeadlinePassed()), State.UNRECORDED, "end_not_heard"),
        ((STARTED, ENDED, e.DeadlinePassed()), State.UNRECORDED, None),
        ((STARTED, ENDED, REFUSED, e.DeadlinePassed()), State.UNRECORDED, "event_refused"),
        ((REFUSED, e.DeadlinePassed()), State.UNRECORDED, "event_refused"),
        ((STARTED, ENDED, e.DeadlinePassed(), REFUSED), State.UNRECORDED, "event_refused"),
        ((REFUSED, RECORDED), State.RECORDED, None),
        ((ENDED, e.DeadlinePassed(), RECORDED), State.RECORDED, None),
        ((RECORDED, e.Skipped("too_short")), State.SKIPPED, "too_short"),
        ((RECORDED, DEFERRED), State.RECORDED, "server_error"),
        ((RECORDED, SENT, DEFERRED, SENT, SUBMITTED), State.SUBMITTED, None),
        ((RECORDED, e.Failed("rejected", PROBLEM)), State.FAILED, "rejected"),
        ((UNLINKED, e.Failed("recording_missing")), State.FAILED, "recording_missing"),
        ((RECORDED, e.Failed("rejected"), e.Replayed()), State.RECORDED, None),
    ],
)
def test_the_reason_is_of_the_present_state(
    events: tuple[e.Event, ...], state: State, reason: str | None
) -> None:
    """The reason explains the present state and is removed when the state changes."""
    call = after(events)
    assert (call.state, call.reason) == (state, reason)


def test_a_refused_event_begins_a_call() -> None:
    """A refused event creates a call that ends at the recording deadline."""
    call = after([REFUSED])
    assert (call.state, call.due_at) == (State.LIVE, AT + POLICY.recording_deadline)
    assert last_entry(call) == {
        "what": "event.refused", "reason": "too_large", "event": "call.recorded",
        "size": 3_000_000, "entry": "7-0",
    }  # fmt: skip


@pytest.mark.parametrize("events", [(REFUSED,), (STARTED, ENDED, REFUSED)])
def test_the_link_of_a_refused_recording_is_fetched(events: tuple[e.Event, ...]) -> None:
    """With a key for WAVV's API, the link of a refused ``call.recorded`` is fetched."""
    policy = replace(POLICY, refetches_links=True)
    call = new_call("c-1", AT)
    for event in (*events, e.DeadlinePassed()):
        call = advance(call, event, AT, policy)
    assert (call.state, call.reason) == (State.RECORDED, "recording_missing")


def test_a_first_event_after_the_deadline_reopens_nothing() -> None:
    """Of the events after the deadline only a recording reopens the call."""
    call = after([e.DeadlinePassed(), STARTED, ENDED])
    assert (call.state, call.due_at) == (State.UNRECORDED, None)
