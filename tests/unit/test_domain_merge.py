"""Events come in any order, any number of times: the record is the same."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.call import Call, Kind, Metadata, State
from bridge.domain.events import CallHeard
from tests.domain import AT, ENDED, HEARD, RECORDED, RECORDING, STARTED, after

SAME = {"state", "reason", "metadata", "stamps", "heard"}


def said(call: Call) -> dict[str, Any]:
    """Return what must not depend on the order of arrival."""
    return call.model_dump(include=SAME)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[Sequence[CallHeard], Sequence[CallHeard]]:
    """Give a call's events twice: each once, and each at least once in any order."""
    sent = draw(st.lists(HEARD, min_size=1, max_size=6))
    again = draw(st.lists(st.sampled_from(sent), max_size=4))
    return sent, draw(st.permutations([*sent, *again]))


@settings(deadline=None)
@given(arrivals())
def test_any_order_and_any_repetition_ends_in_the_same_record(
    both: tuple[Sequence[CallHeard], Sequence[CallHeard]],
) -> None:
    """WAVV delivers at least once, and unordered."""
    sent, arrived = both
    assert said(after(arrived)) == said(after(sent))


@settings(deadline=None)
@given(st.lists(HEARD, min_size=1, max_size=5))
def test_null_never_erases_what_was_said(events: list[CallHeard]) -> None:
    """Null or missing means that this event does not speak of it."""
    call = after(events)
    for event in events:
        for field, value in event.metadata:
            assert (value is None) or getattr(call.metadata, field) is not None
            assert getattr(call.metadata, field) is None or field in call.stamps


@given(st.lists(HEARD, max_size=5))
def test_the_events_lead_as_far_as_the_furthest_of_them(events: list[CallHeard]) -> None:
    """Recorded alone is enough; what was overtaken only adds its words."""
    kinds = {event.kind for event in events}
    state = State.ENDED if Kind.ENDED in kinds else State.LIVE
    assert after(events).state is (State.RECORDED if Kind.RECORDED in kinds else state)
    assert after(events).heard == tuple(sorted(kinds))


@pytest.mark.parametrize(
    ("earlier", "later", "outcome"),
    [
        (
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="BUSY"), AT),
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="CALLBACK"), AT + timedelta(seconds=1)),
            "CALLBACK",
        ),
        (
            CallHeard("c-1", Kind.STARTED, Metadata(outcome="UNKNOWN"), AT),
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="BUSY"), AT),
            "BUSY",
        ),
        (
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="BUSY")),
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="CALLBACK")),
            "CALLBACK",
        ),
        (
            CallHeard("c-1", Kind.RECORDED, Metadata(outcome="UNKNOWN")),
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="BUSY", ended_at=AT)),
            "BUSY",
        ),
        (
            CallHeard("c-1", Kind.ENDED, Metadata(outcome="BUSY"), AT),
            CallHeard("c-1", Kind.RECORDED, Metadata(), AT + timedelta(days=1)),
            "BUSY",
        ),
    ],
    ids=["sent-later", "further-kind", "by-value", "own-times", "says-nothing"],
)
def test_what_was_said_last_holds(earlier: CallHeard, later: CallHeard, outcome: str) -> None:
    """By the sender's clock, then by the kind, then by the value: never by arrival."""
    assert after([earlier, later]).metadata.outcome == outcome
    assert after([later, earlier]).metadata.outcome == outcome


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
