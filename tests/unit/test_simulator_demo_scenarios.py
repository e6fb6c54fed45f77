"""Tests for the 25 calls of the demo."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from bridge.domain.call import RESTING, State
from bridge.simulator.askelephant import BEHAVIOURS
from bridge.simulator.demo.scenarios import SCENARIOS, DemoCall, Scenario, demo_calls

NOW = datetime(2026, 5, 13, 14, tzinfo=UTC)


def calls(seed: int = 25) -> list[DemoCall]:
    """Return the demo's calls."""
    return list(demo_calls(Random(seed), NOW))  # noqa: S311 - made-up calls


@pytest.mark.parametrize(
    "kind",
    [
        "normal",
        "recorded first",
        "every event three times",
        "not recorded",
        "throttled, in seconds",
        "server error after commit",
        "media slower than the timeout",
        "insights late",
        "insights partial",
        "rejected",
    ],
)
def test_every_kind_of_call_has_a_scenario(kind: str) -> None:
    """The demo has a scenario of each kind."""
    assert kind in {scenario.title for scenario in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_a_scenario_can_be_run(scenario: Scenario) -> None:
    """A scenario has a known behaviour and ends in a state at rest."""
    assert scenario.behaviour.partition(".")[0] in {"", *BEHAVIOURS}
    assert scenario.state in RESTING
    assert (scenario.insights == "pending") == (scenario.state is not State.COMPLETE)


def test_the_demo_is_25_different_calls() -> None:
    """The demo has 25 calls with different ids."""
    assert len({demo_call.call_id for demo_call in calls()}) == len(SCENARIOS) == 25


def test_a_call_has_its_scenarios_events_in_order_and_its_behaviour() -> None:
    """A call's id holds the behaviour, and its events come in the scenario's order."""
    for demo_call in calls():
        bodies = [json.loads(delivery.body) for delivery in demo_call.deliveries]
        assert {body["data"]["id"] for body in bodies} == {demo_call.call_id}
        assert demo_call.call_id.partition("~")[2] == demo_call.scenario.behaviour
        names = [body["event"].replace("incoming", "started") for body in bodies]
        assert names == [f"call.{kind.name.lower()}" for kind in demo_call.scenario.events]


def test_the_same_seed_and_time_make_the_same_calls() -> None:
    """One seed and time give the same calls."""
    assert calls() == calls()
    assert calls() != calls(seed=26)
