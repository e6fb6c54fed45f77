"""The number of round trips to Redis, which were most of a call's time (docs/decisions/0024)."""

from collections.abc import Callable

import pytest
from redis import Redis

from bridge.domain.call import State
from bridge.pipeline import events, insights, submit
from bridge.simulator.wavv.samples import SampleCall
from tests.support.in_process_bridge import Bridge


def round_trips(redis: Redis, work: Callable[[], object]) -> int:
    """Return how many requests the server read during the block, except the counting's own."""

    def read() -> int:
        return int(redis.info("stats")["total_reads_processed"])

    before = read()
    work()
    return read() - before - 1


@pytest.fixture
def bridge(bridge: Bridge) -> Bridge:
    """Give a bridge whose scripts are loaded and whose consumer group exists."""
    bridge.process(bridge.dial())
    return bridge


def recorded(bridge: Bridge, count: int = 1) -> list[SampleCall]:
    """Return calls whose events are in the inbox."""
    calls = [bridge.dial() for _ in range(count)]
    for call in calls:
        bridge.receive(call)
    return calls


def test_many_events_need_a_few_round_trips(bridge: Bridge, redis: Redis) -> None:
    """Many events need a few round trips: claim, load, save, acknowledge."""
    calls = recorded(bridge, 30)
    assert round_trips(redis, lambda: events.drain(bridge.services)) <= 25
    assert all(bridge.call(call).state is State.RECORDED for call in calls)
    assert bridge.services.inbox.backlog().waiting == 0


def test_a_submission_needs_a_few_round_trips(bridge: Bridge, redis: Redis) -> None:
    """A submission needs a few round trips: lease, admit, save before and after the request."""
    (call,) = recorded(bridge)
    bridge.drain()
    bridge.clock.wait(minutes=1)
    assert round_trips(redis, lambda: submit.submit(bridge.services, [call.call_id])) <= 7
    assert bridge.call(call).state is State.SUBMITTED


def test_a_fetch_needs_a_few_round_trips(bridge: Bridge, redis: Redis) -> None:
    """A fetch needs a few round trips: lease, admit, save."""
    (call,) = recorded(bridge)
    bridge.drain()
    bridge.clock.wait(minutes=1)
    submit.submit(bridge.services, [call.call_id])
    bridge.clock.wait(days=1)
    assert round_trips(redis, lambda: insights.fetch(bridge.services, [call.call_id])) <= 6


def test_a_sweep_with_nothing_due_needs_few_round_trips(bridge: Bridge, redis: Redis) -> None:
    """A sweep with nothing due needs few round trips, however many calls are due later."""
    recorded(bridge, 30)
    bridge.drain()
    assert bridge.sweep() == 0
    assert round_trips(redis, bridge.sweep) <= 28
