"""Tests for the due time of a replayed call."""

from datetime import timedelta

import pytest

from bridge.domain import events as e
from bridge.domain.call import State
from bridge.pipeline.replay import REPLAYABLE
from tests.support.domain import AT, ENDED, POLICY, RECORDED, STARTED, after, call_in


@pytest.mark.parametrize("state", sorted(REPLAYABLE))
def test_a_replayed_call_is_due_at_its_paced_time(state: State) -> None:
    """A replayed call is due at its paced time, and not before the settle time has passed."""
    later = AT + timedelta(hours=3)
    paced, early, plain = (after([e.Replayed(at)], call_in(state)) for at in (later, AT, None))
    assert paced.due_at == later
    assert early.due_at == plain.due_at == AT + POLICY.settle


def test_repeated_events_do_not_move_a_paced_call() -> None:
    """WAVV's repeated events leave the due time of a paced call unchanged."""
    later = AT + timedelta(hours=3)
    paced = after([e.Replayed(later)], call_in(State.FAILED))
    assert after([STARTED, RECORDED, ENDED], paced).due_at == later


def test_three_states_can_be_replayed() -> None:
    """Complete, skipped and failed calls can be replayed."""
    assert {State.COMPLETE, State.SKIPPED, State.FAILED} == REPLAYABLE
