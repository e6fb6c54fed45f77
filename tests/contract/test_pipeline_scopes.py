"""A missing scope holds the step that needs it, and this step probes it."""

from datetime import timedelta

import pytest

from bridge.domain.call import State
from bridge.simulator.askelephant.options import ENGAGEMENTS_READ, ENGAGEMENTS_WRITE, SCOPES
from bridge.simulator.wavv.samples import SampleCall
from bridge.store.hold import Hold
from tests.support.in_process_bridge import Bridge, whats

RESTORED = {"id": "sandbox", "scopes": sorted(SCOPES)}


def _held(bridge: Bridge, step: str) -> Hold:
    hold = bridge.services.holds.state(bridge.clock(), step)
    assert hold is not None
    return hold


def _without(bridge: Bridge, scope: str) -> None:
    bridge.sandbox.control("keys", {"id": "sandbox", "scopes": sorted(SCOPES - {scope})})


def _go(bridge: Bridge, calls: list[SampleCall]) -> None:
    for call in calls:
        bridge.receive(call)
    bridge.drain()
    bridge.work(by=bridge.clock())


def test_a_missing_scope_is_named_to_the_operator(bridge: Bridge) -> None:
    """A missing scope is named on the hold and on the call."""
    _without(bridge, ENGAGEMENTS_WRITE)
    calls = [bridge.dial() for _ in range(4)]
    bridge.change_settings(settle_seconds=0)
    _go(bridge, calls)
    hold = _held(bridge, "submit")
    assert (hold.reason, hold.step, hold.status) == ("scope_missing", "submit", 403)
    assert ENGAGEMENTS_WRITE in (hold.detail or "")
    assert len(bridge.requests()) == 3
    found = bridge.call(calls[0])
    assert found.problem is not None
    assert ENGAGEMENTS_WRITE in (found.problem.detail or "")
    assert (found.problem.request_id or "").startswith("req_")
    assert {bridge.call(call).reason for call in calls} == {"scope_missing"}


def test_a_scope_that_is_missing_for_reading_leaves_submissions_alone(bridge: Bridge) -> None:
    """A missing scope for reading holds reads; submissions continue and do not end the hold."""
    read, other = [bridge.dial() for _ in range(4)], bridge.dial()
    for call in read:
        bridge.process(call)
    for call in read:
        bridge.transcribed(call)
    bridge.drain()
    _without(bridge, ENGAGEMENTS_READ)
    bridge.sweep_for(minutes=5)
    since = _held(bridge, "insights").since
    bridge.receive(other)
    bridge.drain()
    bridge.sweep_for(minutes=5)
    hold = _held(bridge, "insights")
    assert (hold.reason, hold.since) == ("scope_missing", since)
    assert bridge.call(other).state is State.SUBMITTED
    assert len(bridge.logged("hold.started")) == 1
    bridge.sandbox.control("keys", RESTORED)
    bridge.sweep_for(minutes=5)
    assert bridge.services.holds.all(bridge.clock()) == []
    assert {bridge.call(call).state for call in read} == {State.COMPLETE}


def test_one_call_without_its_scope_fails_alone_at_the_retry_deadline(bridge: Bridge) -> None:
    """A call that alone lacks a scope is deferred, and fails at the retry deadline."""
    _without(bridge, ENGAGEMENTS_WRITE)
    bridge.change_settings(retry_deadline=3600)
    call = bridge.dial()
    bridge.process(call)
    bridge.sweep_for(minutes=50)
    assert bridge.call(call).state is State.RECORDED
    assert bridge.services.holds.all(bridge.clock()) == []
    bridge.sweep_for(minutes=30)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "scope_missing")
    assert "step.deferred" in whats(found)


@pytest.mark.parametrize("refused", [1, 4])
def test_calls_whose_every_read_is_refused_fail_and_hold_no_others(
    bridge: Bridge, refused: int
) -> None:
    """Calls whose reads are always refused fail, and other calls complete in time."""
    bridge.change_settings(retry_deadline=3 * 3600)
    bridge.change_policy(transcript_poll_after=timedelta(seconds=30))
    bad = [bridge.dial("read-403") for _ in range(refused)]
    _go(bridge, bad)
    for _ in range(14):
        other = bridge.dial()
        _go(bridge, [other])
        bridge.sweep_for(minutes=15)
        found = bridge.call(other)
        assert found.state is State.COMPLETE
        assert found.updated_at - found.created_at <= timedelta(minutes=2)
    for call in bad:
        found = bridge.call(call)
        assert (found.state, found.reason) == (State.FAILED, "scope_missing")
        assert found.engagement_id is not None
        assert found.problem is not None
        assert found.problem.status == 403
        assert whats(found)[-1] == "call.failed"
    assert bridge.services.holds.all(bridge.clock()) == []
    assert len(bridge.logged("hold.started")) == (0 if refused == 1 else 1)
