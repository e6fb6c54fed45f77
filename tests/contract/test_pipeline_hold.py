"""A 429, a refused key or an outage holds all calls, and fails none."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.call import Kind, State
from bridge.domain.retry import CONCERNS, Trouble
from bridge.simulator.askelephant.options import SCOPES
from bridge.simulator.wavv.samples import SampleCall
from bridge.store.hold import Hold
from tests.support.in_process_bridge import Bridge, whats

REVOKED: Mapping[str, Any] = {"id": "sandbox", "revoked": True}
RESTORED: Mapping[str, Any] = {"id": "sandbox", "revoked": False, "scopes": sorted(SCOPES)}


def _receive_all(bridge: Bridge, calls: list[SampleCall]) -> None:
    for call in calls:
        bridge.receive(call)
    bridge.drain()
    bridge.work()


def _states(bridge: Bridge, calls: list[SampleCall]) -> set[State]:
    return {bridge.call(call).state for call in calls}


def _held(bridge: Bridge) -> Hold:
    hold = bridge.services.holds.state(bridge.clock())
    assert hold is not None
    return hold


def _wakes_at_its_end(bridge: Bridge) -> None:
    """Check that only a sweep is published, for the end of the hold."""
    (wake,) = bridge.published.sweeps()
    assert bridge.published.first() is None
    assert abs(wake - _held(bridge).next_at) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("form", "least", "most"),
    [("seconds", 2, 2), ("date", 1, 3), ("garbage", 5, 5), ("bare", 5, 5)],
)
def test_a_throttled_call_holds_all(bridge: Bridge, form: str, least: float, most: float) -> None:
    """A throttled call holds all calls, for AskElephant's time or the backoff."""
    calls = [bridge.dial(f"throttle-{form}"), bridge.dial(), bridge.dial()]
    _receive_all(bridge, calls)
    assert [one["status"] for one in bridge.requests()] == [429]
    hold = _held(bridge)
    assert hold.reason == "throttled"
    assert least <= (hold.until - bridge.clock()).total_seconds() <= most
    (line,) = bridge.logged("hold.started")
    assert (line["log_level"], line["reason"]) == ("warning", "throttled")
    for call in calls:
        found = bridge.call(call)
        assert (found.state, found.reason, found.held) == (State.RECORDED, "throttled", True)
        assert found.due_at == hold.until
    _wakes_at_its_end(bridge)


def test_a_throttled_hold_ends_by_time_for_all(bridge: Bridge) -> None:
    """When a throttled hold ends, the sweep publishes the held calls without a grace."""
    calls = [bridge.dial("throttle-seconds"), bridge.dial(), bridge.dial()]
    _receive_all(bridge, calls)
    bridge.clock.wait(seconds=1.9)
    assert bridge.sweep() == 0
    bridge.clock.wait(seconds=0.1)
    assert bridge.sweep() == 3
    bridge.work()
    assert _states(bridge, calls) == {State.SUBMITTED}
    found = bridge.call(calls[0])
    assert (found.held, found.attempts, found.failures) == (False, 2, 0)


def test_a_throttled_read_holds_submissions_as_well(bridge: Bridge) -> None:
    """A throttled read holds submissions, too, because the scope of limits is unknown."""
    call, other = bridge.dial("read-throttled"), bridge.dial()
    bridge.process(call)
    bridge.transcribed(call)
    bridge.drain()
    bridge.work()
    assert bridge.call(call).held
    bridge.receive(other)
    bridge.drain()
    bridge.clock.wait(seconds=1)
    assert bridge.services.holds.state(bridge.clock()) is not None
    bridge.sweep_for(minutes=3)
    assert (bridge.call(call).state, bridge.call(other).state) == (State.COMPLETE, State.SUBMITTED)


def test_a_refused_key_holds_all_calls_and_tries_one_now_and_then(bridge: Bridge) -> None:
    """While the key is refused one request a minute leaves, and no call fails."""
    bridge.sandbox.control("keys", REVOKED)
    calls = [bridge.dial() for _ in range(10)]
    _receive_all(bridge, calls)
    assert len(bridge.requests()) == 1
    bridge.sweep_for(minutes=10)
    assert 9 <= len(bridge.requests()) <= 11
    assert _held(bridge).reason == "credentials_refused"
    (alarm,) = bridge.logged("hold.started")
    assert (alarm["log_level"], alarm["reason"]) == ("error", "credentials_refused")
    assert _states(bridge, calls) == {State.RECORDED}
    assert {bridge.call(call).reason for call in calls} == {"credentials_refused"}
    assert bridge.published.first() is None


def test_a_hold_for_credentials_ends_when_the_key_works_again(bridge: Bridge) -> None:
    """A hold for credentials ends when its probe succeeds, with a read or a submission."""
    read = bridge.dial()
    bridge.process(read)
    bridge.transcribed(read)
    bridge.drain()
    bridge.sandbox.control("keys", REVOKED)
    calls = [bridge.dial() for _ in range(5)]
    _receive_all(bridge, calls)
    bridge.sweep_for(minutes=5)
    assert bridge.call(read).state is State.TRANSCRIBED
    bridge.sandbox.control("keys", RESTORED)
    bridge.sweep_for(minutes=3)
    assert bridge.services.holds.state(bridge.clock()) is None
    assert _states(bridge, calls) == {State.SUBMITTED}
    assert bridge.call(read).state is State.COMPLETE
    assert len(bridge.bodies()) == 6
    assert len(bridge.logged("hold.released")) == 1


def test_calls_that_come_under_a_hold_are_held_as_well(bridge: Bridge) -> None:
    """Calls that come during a hold are held without a request."""
    bridge.sandbox.control("keys", REVOKED)
    bridge.process(bridge.dial())
    late = bridge.dial()
    found = bridge.process(late)
    assert (found.state, found.held, found.attempts) == (State.RECORDED, True, 0)
    assert len(bridge.requests()) == 1


def test_a_bridge_without_a_key_holds_everything_until_it_has_one(bridge: Bridge) -> None:
    """Without a key all calls are held until a restart with one."""
    bridge.change_settings(askelephant_api_key=None)
    call = bridge.dial()
    found = bridge.process(call)
    assert (found.state, found.reason) == (State.RECORDED, "credentials_missing")
    assert bridge.requests() == []
    bridge.change_settings(askelephant_api_key=bridge.sandbox.token)
    bridge.sweep_for(minutes=2)
    assert bridge.call(call).state is State.SUBMITTED


def test_a_probe_that_is_rejected_for_its_body_proves_the_key(bridge: Bridge) -> None:
    """A probe that is rejected for its body ends the hold, and only its call fails."""
    bridge.sandbox.control("keys", REVOKED)
    probe, other = bridge.dial("reject"), bridge.dial()
    _receive_all(bridge, [probe, other])
    bridge.sandbox.control("keys", RESTORED)
    bridge.sweep_for(minutes=3)
    assert bridge.call(probe).state is State.FAILED
    assert bridge.call(other).state is State.SUBMITTED


def test_a_probe_that_fails_for_another_reason_proves_nothing(bridge: Bridge) -> None:
    """A probe that fails with a server error does not end a hold for credentials."""
    bridge.sandbox.control("keys", REVOKED)
    calls = [bridge.dial() for _ in range(4)]
    _receive_all(bridge, calls)
    bridge.sandbox.control("faults", {"status": 503})
    bridge.sweep_for(minutes=5)
    assert _held(bridge).reason == "credentials_refused"
    assert len(bridge.requests()) <= 7
    bridge.sandbox.control("faults")
    bridge.sandbox.control("keys", RESTORED)
    bridge.sweep_for(minutes=10)
    assert _states(bridge, calls) == {State.SUBMITTED}


def test_steps_without_requests_continue_during_a_hold(bridge: Bridge) -> None:
    """During a hold calls without a recording expire, and rules skip calls."""
    bridge.change_settings(recording_deadline=60, skip_shorter_than=30)
    bridge.sandbox.control("keys", REVOKED)
    bridge.process(bridge.dial())
    unrecorded, short = bridge.dial(), bridge.dial(seconds=3)
    bridge.process(unrecorded, Kind.ENDED)
    assert bridge.process(short).state is State.SKIPPED
    bridge.sweep_for(minutes=2)
    assert bridge.call(unrecorded).state is State.UNRECORDED


def test_a_long_hold_does_not_age_a_call(bridge: Bridge) -> None:
    """Time in a hold does not count for the retry deadline."""
    bridge.change_settings(retry_deadline=600, probe_interval=600)
    bridge.sandbox.control("keys", REVOKED)
    call = bridge.dial()
    bridge.process(call)
    bridge.sweep_for(hours=1)
    found = bridge.call(call)
    assert (found.state, found.failures) == (State.RECORDED, 0)
    assert whats(found).count("step.held") == 1
    assert found.due_at == _held(bridge).next_at
    bridge.sandbox.control("keys", RESTORED)
    bridge.sweep_for(minutes=15)
    assert bridge.call(call).state is State.SUBMITTED


def test_an_outage_holds_all_calls_and_probes_less_and_less_often(bridge: Bridge) -> None:
    """An outage holds all calls after ten failures, and is probed more and more rarely."""
    bridge.sandbox.control("faults", {"status": 503})
    calls = [bridge.dial() for _ in range(30)]
    _receive_all(bridge, calls)
    assert len(bridge.requests()) == 10
    assert _held(bridge).reason == "outage"
    bridge.sweep_for(hours=1)
    assert 110 <= len(bridge.requests()) - 10 <= 121
    (alarm,) = bridge.logged("hold.started")
    assert (alarm["log_level"], alarm["reason"]) == ("error", "outage")
    assert _states(bridge, calls) == {State.RECORDED}
    assert len(bridge.published.tasks()) - len(bridge.published.sweeps()) <= 1  # the last probe
    bridge.sandbox.control("faults")
    bridge.sweep_for(minutes=2)
    assert _states(bridge, calls) == {State.SUBMITTED}
    assert len(bridge.bodies()) == 30
    assert len(bridge.logged("hold.released")) == 1


def test_a_call_that_alone_fails_holds_no_other(bridge: Bridge) -> None:
    """A call that alone fails for two hours holds no other call."""
    ill = bridge.dial("error-before-commit.1000")
    bridge.process(ill)
    bridge.sweep_for(hours=2)
    assert bridge.call(ill).attempts > CONCERNS[Trouble.TRANSIENT].calls
    assert bridge.services.holds.state(bridge.clock()) is None
    assert bridge.process(bridge.dial()).state is State.SUBMITTED


def test_throttling_without_a_time_holds_longer_each_time(bridge: Bridge) -> None:
    """Throttling without a time holds all calls for 5, 10, 20 seconds until one is served."""
    bridge.sandbox.control("faults", {"status": 429})
    calls = [bridge.dial() for _ in range(4)]
    _receive_all(bridge, calls)
    waits = [(_held(bridge).until - bridge.clock()).total_seconds()]
    for _ in range(2):
        bridge.clock.time = _held(bridge).until
        bridge.sweep()
        bridge.work()
        waits.append((_held(bridge).until - bridge.clock()).total_seconds())
    assert waits == pytest.approx([5, 10, 20], abs=0.01)
    bridge.sandbox.control("faults")
    bridge.sweep_for(minutes=2)
    assert _states(bridge, calls) == {State.SUBMITTED}


def test_a_request_budget_is_never_exceeded(bridge: Bridge) -> None:
    """The rate limit is never exceeded; other calls wait, and none fails."""
    bridge.change_settings(askelephant_rate="2/m")
    calls = [bridge.dial() for _ in range(5)]
    _receive_all(bridge, calls)
    assert len(bridge.requests()) == 2
    held = [found for found in map(bridge.call, calls) if found.state is State.RECORDED]
    assert {(one.reason, one.held, one.failures) for one in held} == {("request_budget", True, 0)}
    assert all(one.due_at and one.due_at > bridge.clock() for one in held)
    assert bridge.published.first() is None


def test_the_sweep_paces_what_it_publishes_to_the_budget(bridge: Bridge) -> None:
    """The sweep publishes no more calls than the rate limit allows."""
    bridge.sandbox.control("keys", REVOKED)
    calls = [bridge.dial() for _ in range(20)]
    _receive_all(bridge, calls)
    bridge.services.redis.delete(bridge.services.keys.hold())
    bridge.change_settings(askelephant_rate="60/m", sweep_interval=10)
    bridge.clock.wait(minutes=2)
    bridge.published.messages.clear()
    assert bridge.sweep() == 10
    times = [(message.at - bridge.clock()).total_seconds() for message in bridge.published.messages]
    assert times == pytest.approx(list(range(10)))
