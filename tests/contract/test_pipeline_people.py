"""Owner and lead of a submitted call, and the fields of them that AskElephant refuses."""

import httpx
import pytest

from bridge.domain.call import State
from tests.support.in_process_bridge import Bridge, whats

OWNER = {"agentEmail": "alice@unknown.example", "agentName": "Alice Smith"}


def test_an_owner_that_is_refused_is_left_out(bridge: Bridge) -> None:
    """A call whose owner is refused is sent again at once without an owner."""
    call = bridge.dial()
    before = bridge.clock()
    found = bridge.process(call, **OWNER)
    assert (found.state, found.owner_refused, found.problem) == (State.SUBMITTED, True, None)
    (body,) = bridge.bodies()
    assert not any(person.get("is_owner") for person in body["participants"])
    assert [one["status"] for one in bridge.requests()] == [422, 201]
    assert (bridge.clock() - before).total_seconds() == 2


def test_a_leads_field_that_is_rejected_is_left_out(bridge: Bridge) -> None:
    """A call is sent again at once without a rejected field; a replay sends the field again."""
    call = bridge.dial("check-people")
    found = bridge.process(call, contactEmail="jane@customer.invalid")
    assert (found.state, found.dropped, found.problem) == (State.SUBMITTED, ("lead_email",), None)
    assert [one["status"] for one in bridge.requests()] == [422, 201]
    (body,) = bridge.bodies()
    assert [person.keys() for person in body["participants"]] == [{"name", "phone"}]
    entry = found.timeline[whats(found).index("participant.refused")]
    assert (entry.model_extra or {})["fields"] == ["lead_email"]


SHAPES = ("path", "loc", "param", "pointer", "source", "brackets", "map", "detail", "message",
          "error")  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_rejected_field_is_known_in_every_shape_of_a_refusal(bridge: Bridge, shape: str) -> None:
    """A rejected field is recognized in every shape of a refusal, and the owner stays."""
    call = bridge.dial(f"check-people+shape-{shape}")
    alice = {"agentEmail": "alice@dialer.example", "agentName": "Alice Smith"}
    found = bridge.process(call, contactEmail="jane@customer.invalid", **alice)
    assert (found.state, found.dropped) == (State.SUBMITTED, ("lead_email",))
    assert not found.owner_refused
    assert [one["status"] for one in bridge.requests()] == [422, 201]


def test_a_field_that_is_rejected_once_more_fails_the_call(bridge: Bridge) -> None:
    """A call fails if a field is blamed that was no longer sent."""
    error = {"field": "participants[0].email", "code": "invalid", "message": "is not welcome"}
    refusal = httpx.Response(422, json={"detail": "validation failed", "errors": [error]})
    bridge.use_transport(httpx.MockTransport(lambda _: refusal))
    found = bridge.process(bridge.dial(), contactEmail="jane@customer.example")
    assert (found.state, found.reason, found.attempts) == (State.FAILED, "rejected", 2)
    assert found.problem is not None
    assert found.problem.errors == (error,)


def test_an_owner_whom_the_directory_knows_owns_the_call(bridge: Bridge) -> None:
    """An agent of the directory owns the engagement, and others are listed as unmapped."""
    call, other = bridge.dial(agent_id="usr_9"), bridge.dial(agent_id="usr_1")
    known = {"id": "usr_9", "name": "Bob", "email": "bob@dialer.example"}
    bridge.change_settings(agents=[known])
    for one in (call, other):
        bridge.process(one)
    owners = [[p["name"] for p in b["participants"] if p.get("is_owner")] for b in bridge.bodies()]
    assert owners == [["Bob"], []]
    assert bridge.services.counters.unmapped_agents() == {"usr_1": 1}


def test_only_a_submitted_call_is_counted_for_its_agent(bridge: Bridge) -> None:
    """An unmapped agent is counted for submitted calls only."""
    error = {"field": "title", "message": "too long"}
    refusal = httpx.Response(422, json={"detail": "validation failed", "errors": [error]})
    bridge.use_transport(httpx.MockTransport(lambda _: refusal))
    found = bridge.process(bridge.dial(agent_id="usr_1"))
    assert found.state is State.FAILED
    assert bridge.services.counters.unmapped_agents() == {}


def test_a_colleagues_line_makes_no_owner(bridge: Bridge) -> None:
    """An unknown agent id has no owner, although the phone line is another agent's."""
    call = bridge.dial(agent_id="usr_1", caller_id="2125550199")
    bob = {"id": "usr_9", "caller_id": "2125550199", "email": "bob@dialer.example"}
    bridge.change_settings(agents=[bob])
    found = bridge.process(call)
    (body,) = bridge.bodies()
    assert not any(one.get("is_owner") for one in body["participants"])
    started = next(one for one in found.timeline if one.what == "submission.started")
    assert (started.model_extra or {})["notes"] == ["agent_unmapped"]
    assert bridge.services.counters.unmapped_agents() == {"usr_1": 1}


def test_the_sweep_ends_what_an_earlier_version_kept_of_agents(bridge: Bridge) -> None:
    """The sweep sets an expiry on the list of unmapped agents that an earlier version left."""
    bridge.services.redis.hset(bridge.services.keys.unmapped_agents, "+12125550199", 1)
    bridge.sweep()
    assert bridge.services.redis.ttl(bridge.services.keys.unmapped_agents) > 0
