"""Events come in any order, any number of times: the record is the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.call import Call, Kind, Metadata, State
from bridge.domain.events import CallHeard
from tests.support.domain import AT, ENDED, HEARD, RECORDED, RECORDING, STARTED, after, in_inbox

SAME = {"state", "reason", "metadata", "stamps", "heard"}


def said(call: Call) -> dict[str, Any]:
    """Return what must not depend on the order of arrival."""
    return call.model_dump(include=SAME)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[Sequence[CallHeard], Sequence[CallHeard]]:
    """Return a call's events as they stand in the inbox, and as they are processed."""
    sent = in_inbox(draw(st.lists(HEARD, min_size=1, max_size=6)))
    again = draw(st.lists(st.sampled_from(sent), max_size=4))
    return sent, draw(st.permutations([*sent, *again]))


@settings(deadline=None)
@given(arrivals())
def test_any_order_of_processing_and_any_repetition_ends_in_the_same_record(
    both: tuple[Sequence[CallHeard], Sequence[CallHeard]],
) -> None:
    """Workers process the same inbox in any order, and some of it twice."""
    sent, arrived = both
    assert said(after(arrived)) == said(after(sent))


@settings(deadline=None)
@given(st.lists(HEARD, min_size=1, max_size=5))
def test_null_never_erases_what_was_said(events: list[CallHeard]) -> None:
    """Null or missing means that this event does not speak of it."""
    call = after(events)
    for event in events:
        for field, value in event.metadata:
            assert (
                value is None or field in event.assumed or getattr(call.metadata, field) is not None
            )


@given(st.lists(HEARD, max_size=5))
def test_the_events_lead_as_far_as_the_furthest_of_them(events: list[CallHeard]) -> None:
    """Recorded alone is enough; what was overtaken only adds its words."""
    kinds = {event.kind for event in events}
    state = State.ENDED if Kind.ENDED in kinds else State.LIVE
    assert after(events).state is (State.RECORDED if Kind.RECORDED in kinds else state)
    assert after(events).heard == tuple(sorted(kinds))


def busy(kind: Kind = Kind.ENDED, *, entry: str, **said: Any) -> CallHeard:  # noqa: ANN401 - metadata
    """Return an event at a place of the inbox that may have a time of sending."""
    sent_at = said.pop("sent_at", None)
    return CallHeard("c-1", kind, Metadata(**said), sent_at, entry=entry)


FIRST, SECOND = "1778680800000-0", "1778680800000-1"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (
            busy(outcome="BUSY", sent_at=AT, entry=SECOND),
            busy(outcome="CALLBACK", sent_at=AT + timedelta(seconds=1), entry=FIRST),
        ),
        (
            busy(Kind.RECORDED, outcome="BUSY", sent_at=AT, entry=FIRST),
            busy(Kind.STARTED, outcome="CALLBACK", sent_at=AT, entry=SECOND),
        ),
        (
            busy(Kind.RECORDED, outcome="Z", seconds=9, ended_at=AT, entry=FIRST),
            busy(Kind.STARTED, outcome="CALLBACK", seconds=120, entry=SECOND),
        ),
        (
            busy(outcome="BUSY", entry="999-0"),
            busy(outcome="CALLBACK", entry="1000-0"),
        ),
        (
            busy(outcome="CALLBACK", entry=FIRST),
            busy(Kind.RECORDED, note="as it was", entry=SECOND),
        ),
    ],
    ids=["sent-later", "sent-at-once", "without-times", "places-are-numbers", "says-nothing"],
)
def test_what_was_said_last_holds(earlier: CallHeard, later: CallHeard) -> None:
    """By the sender's clock, else by the time received, then by the place in the inbox."""
    assert after([earlier, later]).metadata.outcome == "CALLBACK"
    assert after([later, earlier]).metadata.outcome == "CALLBACK"


def test_numbers_are_not_compared_as_text() -> None:
    """``9`` came after ``120`` as text, and a real conversation was skipped as a voicemail."""
    short = busy(seconds=9, outcome="VOICEMAIL", entry=FIRST)
    long = busy(seconds=120, outcome="HUNG_UP", entry=SECOND)
    for order in ([short, long], [long, short]):
        assert after(order).metadata.model_dump(include={"seconds", "outcome"}) == {
            "seconds": 120,
            "outcome": "HUNG_UP",
        }


def test_a_stamp_of_an_older_record_comes_before_any_place() -> None:
    """Format 1 had the kind of the event in its stamps."""
    old = after([]).but(metadata=Metadata(outcome="BUSY"), stamps={"outcome": (AT.timestamp(), 3)})
    news = busy(outcome="CALLBACK", sent_at=AT, entry=FIRST)
    assert after([news], old).metadata.outcome == "CALLBACK"


def test_that_a_call_was_recorded_stays_true() -> None:
    """Every event before the recording says ``recorded: false``, and may come late."""
    yes = busy(Kind.RECORDED, recorded=True, entry=FIRST)
    no = busy(recorded=False, entry=SECOND)
    assert after([yes, no]).metadata.recorded is True
    assert said(after([no, yes])) == said(after([yes, no]))


def test_one_call_id_of_two_teams_is_kept_and_noted() -> None:
    """WAVV's ids are unique, so it is one call; the operator sees that something is odd."""
    call = after([busy(team_id="a", entry=FIRST), busy(team_id="b", entry=SECOND)])
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
    """Whichever event tells what first; it is noted once."""
    talk, times = busy(seconds=seconds, entry=FIRST), busy(**TALK, entry=SECOND)
    for order in ([talk, times, talk], [times, talk, times]):
        call = after(order)
        assert call.metadata.seconds == read
        notes = [note for entry in call.timeline for note in entry.model_dump().get("notes", [])]
        assert notes == ([note] if note else [])
    assert said(after([talk, times])) == said(after([times, talk]))


def test_a_corrected_end_gives_back_what_was_cut() -> None:
    """What the sender reported is kept beside it."""
    talk, times = busy(seconds=120, entry="1-0"), busy(**TALK, entry="2-0")
    late = busy(ended_at=AT + timedelta(seconds=130), entry="3-0")
    call = after([talk, times, late])
    assert (call.metadata.seconds, call.metadata.reported_seconds) == (120, None)
    assert said(call) == said(after([late, times, talk]))


def test_an_end_before_the_answer_bounds_nothing() -> None:
    """Then one of the two is wrong, and nothing shows which."""
    call = after([busy(seconds=95, answered_at=AT, ended_at=AT, entry=FIRST)])
    assert call.metadata.seconds == 95


ENDS = {"from_phone": "+14155550123", "to_phone": "+12125550100"}
ASSUMED = {"lead_phone": "+12125550100", "agent_phone": "+14155550123"}


def undirected(**said: str) -> CallHeard:
    """Return an event with ``from`` and ``to`` and without a direction."""
    event = busy(Kind.RECORDED, **ENDS, **ASSUMED, **said, entry=FIRST)
    return replace(event, assumed=frozenset(ASSUMED))


def test_the_direction_may_come_with_another_event() -> None:
    """Until it does, the call is taken for outbound."""
    directed = busy(Kind.STARTED, direction="inbound", entry=SECOND)
    assert after([undirected()]).metadata.lead_phone == ENDS["to_phone"]
    for order in ([undirected(), directed], [directed, undirected()]):
        call = after(order)
        assert call.metadata.lead_phone == ENDS["from_phone"]
        assert call.metadata.agent_phone == ENDS["to_phone"]


def test_a_number_that_was_named_is_not_guessed() -> None:
    """An event that names the lead's number decides which end is ours."""
    named = busy(Kind.STARTED, lead_phone=ENDS["from_phone"], entry=SECOND)
    for order in ([undirected(), named], [named, undirected()]):
        call = after(order)
        assert call.metadata.lead_phone == ENDS["from_phone"]
        assert call.metadata.agent_phone == ENDS["to_phone"]


def test_a_recording_without_its_url_waits_for_it_and_says_so() -> None:
    """The URL may come late, by any of the events."""
    bare = CallHeard("c-1", Kind.RECORDED, Metadata())
    waiting = after([STARTED, bare])
    assert (waiting.state, waiting.reason) == (State.RECORDED, "recording_missing")
    assert waiting.due_at == AT + timedelta(hours=24)
    link = CallHeard("c-1", Kind.ENDED, Metadata(recording_url=RECORDING))
    assert (after([link], waiting).reason, after([link], waiting).due_at) == (
        None,
        AT + timedelta(seconds=2),
    )


def test_a_repeated_event_puts_nothing_off() -> None:
    """A sender that repeats itself all day must not keep its call from being submitted."""
    call = after([STARTED, ENDED, RECORDED])
    again = after([RECORDED, ENDED, STARTED], call, at=AT + timedelta(seconds=1))
    assert again.due_at == call.due_at == AT + timedelta(seconds=2)
    assert again.state_since == AT
