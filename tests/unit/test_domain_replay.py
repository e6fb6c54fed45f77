"""A call that is replayed waits for its place in the pace."""

from datetime import timedelta

import pytest

from bridge.domain import events as e
from bridge.domain.call import State
from bridge.pipeline.replay import REPLAYABLE
from tests.support.domain import AT, ENDED, POLICY, RECORDED, STARTED, after, call_in


@pytest.mark.parametrize("state", sorted(REPLAYABLE))
def test_a_replayed_call_is_due_at_its_place_in_the_pace(state: State) -> None:
    """But no sooner than any call: it settles first."""
    later = AT + timedelta(hours=3)
    paced, early, plain = (after([e.Replayed(at)], call_in(state)) for at in (later, AT, None))
    assert paced.due_at == later
    assert early.due_at == plain.due_at == AT + POLICY.settle


def test_what_is_not_heard_again_puts_a_paced_call_neither_off_nor_forward() -> None:
    """WAVV's events may be sent again at any time."""
    later = AT + timedelta(hours=3)
    paced = after([e.Replayed(later)], call_in(State.FAILED))
    assert after([STARTED, RECORDED, ENDED], paced).due_at == later


def test_three_states_can_be_replayed() -> None:
    """An unrecorded call has nothing to submit; all others are on their way."""
    assert {State.COMPLETE, State.SKIPPED, State.FAILED} == REPLAYABLE
