"""Tests for merging: the record is the same for any order and repetition of events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.call import Kind, Metadata, State
from bridge.domain.events import CallHeard
from tests.support.domain import (
    AT,
    ENDED,
    HEARD,
    RECORDED,
    RECORDING,
    STARTED,
    after,
    in_inbox,
    merged,
)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[Sequence[CallHeard], Sequence[CallHeard]]:
    """Return a call's events in inbox order, and the same events as they are processed."""
    sent = in_inbox(draw(st.lists(HEARD, min_size=1, max_size=6)))
    again = draw(st.lists(st.sampled_from(sent), max_size=4))
    return sent, draw(st.permutations([*sent, *again]))


@settings(deadline=None)
@given(arrivals())
def test_any_order_of_processing_and_any_repetition_ends_in_the_same_record(
    both: tuple[Sequence[CallHeard], Sequence[CallHeard]],
) -> None:
    """Shuffled and repeated events give the record that the inbox order gives."""
    sent, arrived = both
    assert merged(after(arrived)) == merged(after(sent))


@settings(deadline=None)
@given(st.lists(HEARD, min_size=1, max_size=5))
def test_null_never_erases_a_value(events: list[CallHeard]) -> None:
    """A null or missing field of an event leaves the known value unchanged."""
    call = after(events)
    for event in events:
        for field, value in event.metadata:
            assert (
                value is None or field in event.assumed or getattr(call.metadata, field) is not None
            )


@given(st.lists(HEARD, max_size=5))
def test_the_events_lead_as_far_as_the_furthest_of_them(events: list[CallHeard]) -> None:
    """The state is that of the furthest event, in any order."""
    kinds = {event.kind for event in events}
    state = State.ENDED if Kind.ENDED in kinds else State.LIVE
    assert after(events).state is (State.RECORDED if Kind.RECORDED in kinds else state)
    assert after(events).heard == tuple(sorted(kinds))


def call_event(kind: Kind = Kind.ENDED, *, entry: str, **metadata: Any) -> CallHeard:  # noqa: ANN401 - fields of many types
    """Return an event with these metadata, this inbox entry and an optional ``sent_at``."""
    sent_at = metadata.pop("sent_at", None)
    return CallHeard("c-1", kind, Metadata(**metadata), sent_at, entry=entry)


FIRST, SECOND = "1778680800000-0", "1778680800000-1"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (
            call_event(outcome="BUSY", sent_at=AT, entry=SECOND),
            call_event(outcome="CALLBACK", sent_at=AT + timedelta(seconds=1), entry=FIRST),
        ),
        (
            call_event(Kind.RECORDED, outcome="BUSY", sent_at=AT, entry=FIRST),
            call_event(Kind.STARTED, outcome="CALLBACK", sent_at=AT, entry=SECOND),
        ),
        (
            call_event(Kind.RECORDED, outcome="Z", seconds=9, ended_at=AT, entry=FIRST),
            call_event(Kind.STARTED, outcome="CALLBACK", seconds=120, entry=SECOND),
        ),
        (
            call_event(outcome="BUSY", entry="999-0"),
            call_event(outcome="CALLBACK", entry="1000-0"),
        ),
        (
            call_event(outcome="CALLBACK", entry=FIRST),
            call_event(Kind.RECORDED, note="as it was", entry=SECOND),
        ),
    ],
    ids=["sent-later", "sent-at-once", "without-times", "places-are-numbers", "missing"],
)
def test_the_latest_value_holds(earlier: CallHeard, later: CallHeard) -> None:
    """The later value wins: by ``sent_at``, else by time of receipt, then by inbox entry."""
    assert after([earlier, later]).metadata.outcome == "CALLBACK"
    assert after([later, earlier]).metadata.outcome == "CALLBACK"


def test_numbers_are_not_compared_as_text() -> None:
    """A value of 120 seconds replaces an earlier 9: stamps decide, not the order as text."""
    short = call_event(seconds=9, outcome="VOICEMAIL", entry=FIRST)
    long = call_event(seconds=120, outcome="HUNG_UP", entry=SECOND)
    for order in ([short, long], [long, short]):
        assert after(order).metadata.model_dump(include={"seconds", "outcome"}) == {
            "seconds": 120,
            "outcome": "HUNG_UP",
        }


def test_a_stamp_of_an_older_record_comes_before_any_place() -> None:
    """A stamp of record format 1 is older than any stamp with an inbox entry."""
    old = after([]).but(metadata=Metadata(outcome="BUSY"), stamps={"outcome": (AT.timestamp(), 3)})
    news = call_event(outcome="CALLBACK", sent_at=AT, entry=FIRST)
    assert after([news], old).metadata.outcome == "CALLBACK"


def test_that_a_call_was_recorded_stays_true() -> None:
    """A late ``recorded: false`` does not undo ``recorded: true``."""
    yes = call_event(Kind.RECORDED, recorded=True, entry=FIRST)
    no = call_event(recorded=False, entry=SECOND)
    assert after([yes, no]).metadata.recorded is True
    assert merged(after([no, yes])) == merged(after([yes, no]))


def test_one_call_id_of_two_teams_is_kept_and_noted() -> None:
    """Two team ids under one call id make one call with a ``team_conflict`` note."""
    call = after([call_event(team_id="a", entry=FIRST), call_event(team_id="b", entry=SECOND)])
    assert call.metadata.team_id == "b"
    assert [entry.model_dump().get("notes") for entry in call.timeline] == [None, ["team_conflict"]]


TALK: dict[str, Any] = {"answered_at": AT, "ended_at": AT + timedelta(seconds=95)}


@pytest.mark.parametrize(
    ("seconds", "read", "note"),
    [
        (95_000, 95, "seconds_in_milliseconds"),
        (5_000, 5, "seconds_in_milliseconds"),
        (120, 95, "seconds_cut_at_end"),
        (999_000, 95, "seconds_cut_at_end"),
        (95, 95, None),
        (0, 0, None),
    ],
)
def test_a_talk_time_is_never_longer_than_from_answer_to_end(
    seconds: int, read: int, note: str | None
) -> None:
    """A talk time longer than from ``answered_at`` to ``ended_at`` is cut and noted once."""
    talk, times = call_event(seconds=seconds, entry=FIRST), call_event(**TALK, entry=SECOND)
    for order in ([talk, times, talk], [times, talk, times]):
        call = after(order)
        assert call.metadata.seconds == read
        notes = [note for entry in call.timeline for note in entry.model_dump().get("notes", [])]
        assert notes == ([note] if note else [])
    assert merged(after([talk, times])) == merged(after([times, talk]))


def test_a_corrected_end_restores_the_reported_seconds() -> None:
    """A later ``ended_at`` restores the talk time that the sender reported."""
    talk, times = call_event(seconds=120, entry="1-0"), call_event(**TALK, entry="2-0")
    late = call_event(ended_at=AT + timedelta(seconds=130), entry="3-0")
    call = after([talk, times, late])
    assert (call.metadata.seconds, call.metadata.reported_seconds) == (120, None)
    assert merged(call) == merged(after([late, times, talk]))


def test_an_end_not_after_the_answer_bounds_nothing() -> None:
    """An ``ended_at`` that is not after ``answered_at`` does not cut the talk time."""
    call = after([call_event(seconds=95, answered_at=AT, ended_at=AT, entry=FIRST)])
    assert call.metadata.seconds == 95


ENDS = {"from_phone": "+14155550123", "to_phone": "+12125550100"}
ASSUMED = {"lead_phone": "+12125550100", "agent_phone": "+14155550123"}


def undirected(**metadata: str) -> CallHeard:
    """Return an event with both phone numbers and without a direction."""
    event = call_event(Kind.RECORDED, **ENDS, **ASSUMED, **metadata, entry=FIRST)
    return replace(event, assumed=frozenset(ASSUMED))


def test_the_direction_may_come_with_another_event() -> None:
    """Without a direction the call counts as outbound until another event names it."""
    directed = call_event(Kind.STARTED, direction="inbound", entry=SECOND)
    assert after([undirected()]).metadata.lead_phone == ENDS["to_phone"]
    for order in ([undirected(), directed], [directed, undirected()]):
        call = after(order)
        assert call.metadata.lead_phone == ENDS["from_phone"]
        assert call.metadata.agent_phone == ENDS["to_phone"]


def test_a_number_that_was_named_is_not_guessed() -> None:
    """An event that names the lead's number decides which of the two is the agent's."""
    named = call_event(Kind.STARTED, lead_phone=ENDS["from_phone"], entry=SECOND)
    for order in ([undirected(), named], [named, undirected()]):
        call = after(order)
        assert call.metadata.lead_phone == ENDS["from_phone"]
        assert call.metadata.agent_phone == ENDS["to_phone"]


def test_a_recording_without_its_url_waits_for_it() -> None:
    """A recorded call without a URL waits with a reason until any event brings the URL."""
    bare = CallHeard("c-1", Kind.RECORDED, Metadata())
    waiting = after([STARTED, bare])
    assert (waiting.state, waiting.reason) == (State.RECORDED, "recording_missing")
    assert waiting.due_at == AT + timedelta(hours=24)
    link = CallHeard("c-1", Kind.ENDED, Metadata(recording_url=RECORDING))
    assert (after([link], waiting).reason, after([link], waiting).due_at) == (
        None,
        AT + timedelta(seconds=2),
    )


def test_a_repeated_event_delays_nothing() -> None:
    """A repeated event changes neither the due time nor the start of the state."""
    call = after([STARTED, ENDED, RECORDED])
    again = after([RECORDED, ENDED, STARTED], call, at=AT + timedelta(seconds=1))
    assert again.due_at == call.due_at == AT + timedelta(seconds=2)
    assert again.state_since == AT
