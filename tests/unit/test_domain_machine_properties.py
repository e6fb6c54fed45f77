"""Whatever happens to a call, in whatever order."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain import events as e
from bridge.domain.call import RESTING, Call, State
from bridge.domain.steps import next_step
from tests.support.domain import (
    ANY_EVENT,
    AT,
    READY,
    RECORDED,
    SUBMITTED,
    after,
    any_event,
    call_in,
)

S = State
ONWARD = {
    S.LIVE: {S.ENDED, S.RECORDED, S.UNRECORDED},
    S.ENDED: {S.RECORDED, S.UNRECORDED},
    S.RECORDED: {S.SUBMITTED, S.TRANSCRIBED, S.SKIPPED, S.FAILED},
    S.SUBMITTED: {S.TRANSCRIBED, S.FAILED},
    S.TRANSCRIBED: {S.COMPLETE, S.FAILED},
    S.UNRECORDED: {S.RECORDED},
    S.COMPLETE: {S.RECORDED},
    S.SKIPPED: {S.RECORDED},
    S.FAILED: {S.RECORDED, S.TRANSCRIBED},
}
"""Every step there is. Nothing goes back but by a replay, or by news that a call was only late."""

SEQUENCES = st.lists(ANY_EVENT, max_size=30)
STATES = st.sampled_from(State)


def walk(start: State, events: Sequence[e.Event]) -> list[tuple[Call, e.Event, Call]]:
    """Return every step of a call from ``start``: before, event, after."""
    steps, call = [], call_in(start)
    for event in events:
        moved = after([event], call)
        steps.append((call, event, moved))
        call = moved
    return steps


@settings(deadline=None)
@given(SEQUENCES)
def test_no_events_in_no_order_raise_and_the_record_stays_what_it_is(events: list[e.Event]) -> None:
    """It is stored as JSON after every one of them, and read back by another worker."""
    call = after(events)
    written = call.model_dump_json(exclude_none=True, exclude_defaults=True)
    assert Call.model_validate_json(written) == call


@settings(deadline=None)
@given(STATES, SEQUENCES)
def test_a_call_only_moves_onward(start: State, events: list[e.Event]) -> None:
    """The data has one direction."""
    for before, _, moved in walk(start, events):
        assert moved.state is before.state or moved.state in ONWARD[before.state]


@settings(deadline=None)
@given(st.sampled_from(sorted(RESTING)), SEQUENCES)
def test_a_call_at_rest_stays_there_until_it_is_replayed(
    start: State, events: list[e.Event]
) -> None:
    """Or until late news come: of a recording, of a lifted rule, of a transcript."""
    for before, event, moved in walk(start, events):
        if before.state not in RESTING or moved.state is before.state:
            continue
        if isinstance(event, e.Replayed):
            assert before.state is not S.UNRECORDED
            continue
        assert before.state is not S.COMPLETE
        assert isinstance(event, e.CallHeard | e.TranscriptReady)
        assert "call.reopened" in [entry.what for entry in moved.timeline]


@settings(deadline=None)
@given(SEQUENCES)
def test_only_a_call_at_rest_needs_nothing(events: list[e.Event]) -> None:
    """Any other has a time at which the sweep would find it, whatever got lost."""
    call = after([RECORDED, *events])
    assert (call.due_at is None) is (call.state in RESTING) is (next_step(call) is None)
    assert after(events).state not in RESTING or after(events).due_at is None


@settings(deadline=None)
@given(st.lists(any_event(st.just(READY.engagement_id)), max_size=30))
def test_a_transcript_heard_before_the_answer_is_not_lost(between: list[e.Event]) -> None:
    """Failures, replays, more requests: once the answer tells whose it is, it counts."""
    call = after([RECORDED, READY])
    for event in between:
        call = after([event], call)
        assert call.state is not S.SUBMITTED
    again = after([e.Replayed(), SUBMITTED], call)
    assert again.state is S.TRANSCRIBED


@settings(deadline=None)
@given(st.lists(ANY_EVENT, max_size=100))
def test_the_timeline_is_bounded_and_counts_what_it_dropped(events: list[e.Event]) -> None:
    """Every event is on it, or counted."""
    call = after(events)
    lost = sum((entry.model_extra or {}).get("entries", 1) for entry in call.timeline)
    assert len(call.timeline) <= 60
    assert len(events) <= lost <= 2 * len(events)
    assert all(entry.at == AT for entry in call.timeline)
