"""Tests for the plan of the chaos tests: every kind of call, and distinct ids."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from bridge.domain.call import Kind
from tests.chaos.plan import BEHAVIOURS, CHANNELS, MOST_TROUBLED, PlannedCall, Recipe, make_plan

BEGUN = datetime(2026, 5, 13, 14, tzinfo=UTC)
MANY = 1000
MINUTE = timedelta(minutes=1)


def _plan(seed: int = 1, calls: int = MANY, **recipe: Any) -> tuple[PlannedCall, ...]:  # noqa: ANN401 - a recipe's fields
    return make_plan(Random(seed), calls, BEGUN, Recipe(**recipe))  # noqa: S311 - made-up calls


def test_a_plan_has_calls_of_every_kind() -> None:
    """A plan has every behaviour, repeated events, every order and calls without a recording."""
    plan = _plan()
    assert {call.behaviour for call in plan} == {*BEHAVIOURS}
    assert {call.state for call in plan} == {"complete", "failed", "unrecorded"}
    orders = {tuple(event.kind for event in call.events) for call in plan}
    assert {(Kind.RECORDED,), (Kind.STARTED, Kind.ENDED), (*Kind,)} <= orders
    assert (Kind.RECORDED, Kind.STARTED, Kind.ENDED) in orders
    assert any(len(order) > len(set(order)) for order in orders)
    assert len({call.call_id for call in plan}) == MANY
    assert len(CHANNELS) == 3


def test_recorded_calls_get_the_recipes_behaviours() -> None:
    """A recipe's behaviour is added to the call's own unless that is of the same kind."""
    plan = _plan(behaviours=("no-webhook",))
    recorded = {call.behaviour for call in plan if call.is_recorded}
    assert {name for name in recorded if "webhook" not in name} == {"failed"}
    assert not any(call.behaviour for call in plan if not call.is_recorded)
    ends = {call.behaviour: (call.state, call.engagements) for call in plan}
    assert ends["reject+no-webhook"] == ("failed", 0)
    assert ends["failed"] == ("failed", 1)
    assert ends["no-webhook"] == ("complete", 1)


@pytest.mark.parametrize(("calls", "count"), [(300, MOST_TROUBLED), (40, 20)])
def test_some_calls_have_trouble_of_their_own(calls: int, count: int) -> None:
    """Sixty calls, or half of a short plan, have trouble: half of them in a row."""
    plan = _plan(calls=calls, troubles=("own-403", "own-500", "html-403.3"))
    troubled = [index for index, call in enumerate(plan) if call.is_troubled]
    assert len(troubled) == count
    assert {*range(calls // 10, calls // 10 + count // 2)} < {*troubled}
    ends = {
        plan[index].behaviour: (plan[index].state, plan[index].engagements) for index in troubled
    }
    assert ends == {
        "own-403": ("failed", 0),
        "own-500": ("failed", 0),
        "html-403.3": ("complete", 1),
    }
    assert not any(
        {"own-403", "own-500"} & call.behaviours for call in plan if not call.is_troubled
    )
