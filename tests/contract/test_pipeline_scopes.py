"""A missing scope closes the brake, is named, and is probed by the step that needs it."""

from datetime import timedelta

from bridge.askelephant.sandbox.options import ENGAGEMENTS_READ, ENGAGEMENTS_WRITE, SCOPES
from bridge.domain.call import State
from bridge.store.brake import Closed
from tests.contract.bridge_parts import Bridge

RESTORED = {"id": "sandbox", "scopes": sorted(SCOPES)}


def _closed(bridge: Bridge) -> Closed:
    closed = bridge.parts.brake.state(bridge.clock())
    assert closed is not None
    return closed


def test_a_missing_scope_is_named_to_the_operator(bridge: Bridge) -> None:
    """On the brake and on the call: it is what has to be added."""
    changed = {"id": "sandbox", "scopes": sorted(SCOPES - {ENGAGEMENTS_WRITE})}
    bridge.sandbox.control("keys", changed)
    found = bridge.go(bridge.dial())
    closed = _closed(bridge)
    assert closed.reason == found.reason == "scope_missing"
    assert ENGAGEMENTS_WRITE in (closed.detail or "")
    assert found.problem is not None
    assert ENGAGEMENTS_WRITE in (found.problem.detail or "")
    assert (found.problem.request_id or "").startswith("req_")


def test_a_scope_that_is_missing_for_reading_keeps_the_brake_closed(bridge: Bridge) -> None:
    """A POST that is served proves nothing of it: no flapping, no submission in between."""
    read, other = bridge.dial(), bridge.dial()
    bridge.go(read)
    bridge.transcribed(read)
    bridge.drain()
    changed = {"id": "sandbox", "scopes": sorted(SCOPES - {ENGAGEMENTS_READ})}
    bridge.sandbox.control("keys", changed)
    bridge.work(by=bridge.clock() + timedelta(minutes=1))
    since = _closed(bridge).since
    bridge.tell(other)
    bridge.drain()
    bridge.sweep_for(minutes=5)
    assert (_closed(bridge).reason, _closed(bridge).since) == ("scope_missing", since)
    assert bridge.call(other).state is State.RECORDED
    assert len(bridge.logged("brake.closed")) == 1
    bridge.sandbox.control("keys", RESTORED)
    bridge.sweep_for(minutes=3)
    assert bridge.parts.brake.state(bridge.clock()) is None
    assert bridge.call(other).state is not State.RECORDED
