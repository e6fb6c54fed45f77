"""Tests for the bound on waiting in the chaos tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from bridge.domain.call import Kind as CallKind
from tests.chaos.evidence import Evidence
from tests.chaos.invariant import Kind
from tests.chaos.plan import PlannedCall, Recipe, make_plan
from tests.chaos.senders import Acknowledged
from tests.chaos.waiting import (
    INSIGHTS_DEADLINE,
    LONGEST,
    good_calls_complete_in_time,
    waits,
)

BEGUN = datetime(2026, 5, 13, 14, tzinfo=UTC)
EPOCH = BEGUN.timestamp()
"""When the monotonic clock of these tests began."""
PLAN = make_plan(Random(1), 100, BEGUN, Recipe(troubles=("own-500", "html-403.3")))  # noqa: S311 - made-up calls
GOOD = next(call for call in PLAN if call.state == "complete" and not call.behaviour)
LATE = LONGEST + 11


def _seen(*completed: tuple[PlannedCall, float]) -> Evidence:
    """Return the evidence of calls that were recorded ten seconds after the clock started."""
    acknowledged = [
        Acknowledged(call.call_id, kind, b"{}", at)
        for call, _ in completed
        for kind, at in (
            (CallKind.STARTED, 1.0),
            (CallKind.RECORDED, 10.0),
            (CallKind.RECORDED, 80.0),
        )
    ]
    calls = {call.call_id: _call(seconds) for call, seconds in completed}
    return Evidence(acknowledged, [], {}, calls, {}, [], 0)


def _call(completed: float) -> dict[str, Any]:
    moments = ((5.0, "CallRecorded"), (completed, "insights.final"), (999.0, "insights.final"))
    timeline = [
        {"at": (BEGUN + timedelta(seconds=at)).isoformat(), "what": what} for at, what in moments
    ]
    return {"timeline": timeline}


@pytest.mark.parametrize(
    ("over", "completed", "expected"),
    [(0.0, 12.5, 2.5), (0.0, 10 + LATE, LATE), (40.0, 55.0, 15.0)],
)
def test_a_call_is_due_when_it_was_recorded_and_the_fault_was_over(
    over: float, completed: float, expected: float
) -> None:
    """The wait counts from the first acknowledged recording, or from the fault's end if later."""
    seen = _seen((GOOD, completed))
    assert waits([GOOD], seen, over, EPOCH) == {GOOD.call_id: pytest.approx(expected)}
    found = list(good_calls_complete_in_time([GOOD], seen, over, EPOCH))
    assert [(breach.kind, breach.call_id) for breach in found] == (
        [(Kind.STUCK, GOOD.call_id)] if expected > LONGEST else []
    )


def test_a_calls_own_delays_are_no_waiting() -> None:
    """The delay of a call's own behaviour is subtracted from its wait."""
    call = replace(GOOD, behaviour="no-insights+late-webhook")
    assert waits([call], _seen((call, 30)), 0, EPOCH) == {call.call_id: 20 - INSIGHTS_DEADLINE}


def test_calls_with_trouble_have_no_bound() -> None:
    """Troubled calls, and calls that must not or did not complete, are left out."""
    troubled = [call for call in PLAN if call.is_troubled]
    failing = next(call for call in PLAN if call.state != "complete")
    seen = _seen(*((call, 10 + LATE) for call in (*troubled, failing)))
    assert waits(PLAN, seen, 0, EPOCH) == {}
