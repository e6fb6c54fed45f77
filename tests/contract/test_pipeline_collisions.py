"""Whether the engagement that AskElephant returns belongs to another call."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from bridge.domain.call import Call, State, new_call
from bridge.pipeline.replay import replay
from tests.support.httpx_transports import scripted
from tests.support.in_process_bridge import Bridge


def test_an_engagement_of_another_call_is_a_collision(bridge: Bridge) -> None:
    """A 200 with another call's link is a collision, and fails the call."""
    found = bridge.process(bridge.dial("collision"))
    assert (found.state, found.reason) == (State.FAILED, "external_id_collision")
    assert found.engagement_id is None
    assert found.problem is not None
    assert (found.problem.detail or "").startswith("ngmt_")


def failed_and_repeated(bridge: Bridge, edited: str | None, before: str) -> Call:
    """Return a call whose POST found an engagement that now has the link ``edited``.

    ``before`` is what the bridge knows of it: it is the call's own, known from its transcript
    event, another call's, or new.
    """
    call = bridge.dial()
    bridge.receive(call)
    bridge.drain()
    known = {"own": "engagement_id", "heard": "transcript_engagement_id"}
    own = {known[before]: "ngmt_1"} if before in known else {}
    bridge.services.calls.update(call.call_id, lambda found: found and found.but(**own))
    if before == "another's":
        other = new_call("other", bridge.clock()).but(engagement_id="ngmt_1")
        bridge.services.calls.update("other", lambda _: other)
    bridge.use_transport(scripted([{"id": "ngmt_1", "external_url": edited}]))
    bridge.work(by=bridge.clock() + timedelta(seconds=5))
    return bridge.call(call)


@pytest.mark.parametrize(
    ("edited", "before", "is_collision"),
    [
        ("wavv://call/another", "unknown", True),
        ("wavv://call/{call_id}", "another's", True),
        (None, "another's", True),
        ("wavv://call/another", "own", False),
        ("wavv://call/another", "heard", False),
        ("WAVV://CALL/{call_id}/", "unknown", False),
        ("wavv://call/{call_id}", "unknown", False),
        (None, "unknown", False),
    ],
)
def test_only_another_calls_engagement_is_a_collision(
    bridge: Bridge, edited: str | None, before: str, *, is_collision: bool
) -> None:
    """Only the engagement of another call is a collision; people and servers change links."""
    link = edited.format(call_id=quote(bridge.dial().call_id, safe="")) if edited else None
    bridge.dialled = 0
    found = failed_and_repeated(bridge, link, before)
    assert (found.state is State.FAILED) is is_collision
    assert (found.reason == "external_id_collision") is is_collision
    assert (found.engagement_id is None) is is_collision


def test_a_replay_finds_its_engagement_after_its_link_was_edited(bridge: Bridge) -> None:
    """A replay finds the engagement although its link was edited, also after a false collision."""
    call = bridge.dial()
    found = bridge.process(call)
    edited = found.but(state=State.FAILED, reason="external_id_collision", external_url="crm://old")
    bridge.services.calls.update(call.call_id, lambda _: edited.but(version=found.version))
    replay(bridge.services, bridge.call(call))
    bridge.sweep_for(minutes=1)
    replayed = bridge.call(call)
    assert (replayed.engagement_id, replayed.engagement_created) == (found.engagement_id, False)
    assert replayed.reason is None


def test_a_link_that_askelephant_rewrites_is_no_collision(bridge: Bridge) -> None:
    """A link that comes back with its host in lower case is the same link."""
    bridge.change_settings(external_url_template="https://CRM.Example.com?call={call_id}")
    call = bridge.dial("normal-url+error-after-commit.1")
    assert bridge.process(call).state is State.SUBMITTED
    assert [one["status"] for one in bridge.requests()] == [500, 200]
