"""Property tests for the state machine: any events in any order."""

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
"""The states that can follow each state. Only a replay or a late event leads back."""

SEQUENCES = st.lists(ANY_EVENT, max_size=30)
STATES = st.sampled_from(State)


def walk(start: State, events: Sequence[e.Event]) -> list[tuple[Call, e.Event, Call]]:
    """Return every transition of a call from ``start`` as (before, event, after)."""
    steps, call = [], call_in(start)
    for event in events:
        moved = after([event], call)
        steps.append((call, event, moved))
        call = moved
    return steps


@settings(deadline=None)
@given(SEQUENCES)
def test_any_sequence_of_events_gives_a_record_that_can_be_stored(events: list[e.Event]) -> None:
    """No sequence of events raises, and the record survives a JSON round trip."""
    call = after(events)
    written = call.model_dump_json(exclude_none=True, exclude_defaults=True)
    assert Call.model_validate_json(written) == call


@settings(deadline=None)
@given(STATES, SEQUENCES)
def test_a_call_only_moves_onward(start: State, events: list[e.Event]) -> None:
    """Every transition leads to a state that ``ONWARD`` allows."""
    for before, _, moved in walk(start, events):
        assert moved.state is before.state or moved.state in ONWARD[before.state]


@settings(deadline=None)
@given(st.sampled_from(sorted(RESTING)), SEQUENCES)
def test_only_a_replay_or_a_late_event_moves_a_call_at_rest(
    start: State, events: list[e.Event]
) -> None:
    """Only a replay or a late event, which is marked as reopening, moves a call at rest."""
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
def test_every_call_that_does_not_rest_is_due(events: list[e.Event]) -> None:
    """Every call that does not rest has a due time, by which the sweep finds it."""
    call = after([RECORDED, *events])
    assert (call.due_at is None) is (call.state in RESTING) is (next_step(call) is None)
    assert after(events).state not in RESTING or after(events).due_at is None


@settings(deadline=None)
@given(st.lists(any_event(st.just(READY.engagement_id)), max_size=30))
def test_a_transcript_before_the_response_is_not_lost(between: list[e.Event]) -> None:
    """A transcript that came before the response counts after any failures and replays."""
    call = after([RECORDED, READY])
    for event in between:
        call = after([event], call)
        assert call.state is not S.SUBMITTED
    again = after([e.Replayed(), SUBMITTED], call)
    assert again.state is S.TRANSCRIBED


@settings(deadline=None)
@given(st.lists(ANY_EVENT, max_size=100))
def test_the_timeline_is_bounded_and_counts_what_it_dropped(events: list[e.Event]) -> None:
    """The timeline holds 60 entries at most and counts every dropped one."""
    call = after(events)
    lost = sum((entry.model_extra or {}).get("entries", 1) for entry in call.timeline)
    assert len(call.timeline) <= 60
    assert len(events) <= lost <= 2 * len(events)
    assert all(entry.at == AT for entry in call.timeline)
