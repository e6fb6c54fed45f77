"""The 25 calls of the demo."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from bridge.domain.call import RESTING, State
from bridge.simulator.askelephant import BEHAVIOURS
from bridge.simulator.demo.cast import CAST, Actor, Role, actors

NOW = datetime(2026, 5, 13, 14, tzinfo=UTC)


def cast(seed: int = 25) -> list[Actor]:
    """Return the cast of a performance."""
    return list(actors(Random(seed), NOW))  # noqa: S311 - made-up calls


@pytest.mark.parametrize(
    "kind",
    [
        "normal",
        "recorded first",
        "every event three times",
        "not recorded",
        "throttled, in seconds",
        "server error after commit",
        "media slower than our patience",
        "insights late",
        "insights partial",
        "rejected",
    ],
)
def test_every_kind_of_call_plays(kind: str) -> None:
    """The demo is there to show them."""
    assert kind in {role.title for role in CAST}


@pytest.mark.parametrize("role", CAST, ids=lambda role: role.title)
def test_a_role_can_be_played(role: Role) -> None:
    """Its behaviour is one the sandbox knows, and its end is an end."""
    assert role.behaviour.partition(".")[0] in {"", *BEHAVIOURS}
    assert role.state in RESTING
    assert (role.insights == "pending") == (role.state is not State.COMPLETE)


def test_the_cast_is_25_different_calls() -> None:
    """Each is looked up by its id."""
    assert len({actor.call_id for actor in cast()}) == len(CAST) == 25


def test_an_actor_speaks_his_roles_lines_in_order_and_carries_its_behaviour() -> None:
    """The sandbox finds the behaviour in the id, whatever event comes first."""
    for actor in cast():
        bodies = [json.loads(delivery.body) for delivery in actor.deliveries]
        assert {body["data"]["id"] for body in bodies} == {actor.call_id}
        assert actor.call_id.partition("~")[2] == actor.role.behaviour
        told = [body["event"].replace("incoming", "started") for body in bodies]
        assert told == [f"call.{kind.name.lower()}" for kind in actor.role.events]


def test_the_same_seed_and_time_make_the_same_calls() -> None:
    """What was seen once can be seen again."""
    assert cast() == cast()
    assert cast() != cast(seed=26)
