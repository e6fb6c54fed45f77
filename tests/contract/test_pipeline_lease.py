"""A worker whose lease expired during a request does not save its result."""

from collections.abc import Callable

import pytest

from bridge.domain.call import State
from bridge.pipeline import submit
from bridge.simulator.wavv.samples import SampleCall
from tests.support.httpx_transports import InterruptedTransport
from tests.support.in_process_bridge import Bridge, whats


@pytest.fixture
def call(bridge: Bridge) -> SampleCall:
    """Give a call that is due for its submission."""
    one = bridge.dial()
    bridge.receive(one)
    bridge.drain()
    bridge.published.messages.clear()
    bridge.clock.wait(seconds=2)
    return one


def submit_slowly(bridge: Bridge, call: SampleCall, during_request: Callable[[], object]) -> None:
    """Submit, and run a function during the request after the lease has expired."""

    def lose_the_lease() -> None:
        bridge.services.redis.delete(bridge.services.keys.lease(call.call_id))
        during_request()

    bridge.use_transport(InterruptedTransport(lose_the_lease))
    slow = bridge.services
    bridge.services = bridge.services_at_start
    assert submit.submit(slow, [call.call_id]) == []
    assert bridge.logged("lease.lost")
    slow.elephant.close()


def test_a_submission_that_was_too_slow_is_made_again(bridge: Bridge, call: SampleCall) -> None:
    """After a lost lease the call is submitted again, and gets the engagement it has."""
    submit_slowly(bridge, call, lambda: None)
    found = bridge.call(call)
    assert (found.state, found.engagement_id) == (State.RECORDED, None)
    bridge.sweep_for(minutes=1)
    found = bridge.call(call)
    assert (found.state, found.engagement_created) == (State.SUBMITTED, False)
    assert [one["status"] for one in bridge.requests()] == [201, 200]


def test_what_another_worker_saved_is_kept(bridge: Bridge, call: SampleCall) -> None:
    """The record that another worker saved during the request is kept."""
    submit_slowly(bridge, call, lambda: submit.submit(bridge.services, [call.call_id]))
    found = bridge.call(call)
    assert (found.state, found.engagement_created, found.attempts) == (State.SUBMITTED, False, 2)
    assert len([one for one in whats(found) if one.startswith("engagement.")]) == 1
    assert len(bridge.bodies()) == 1
