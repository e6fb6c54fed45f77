"""The sweep publishes overdue steps again, and deletes old data."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.broker.publisher import DRAIN
from bridge.domain.call import Kind, State
from bridge.domain.steps import EXPIRE, INSIGHTS, SUBMIT
from bridge.pipeline import sweep
from bridge.reasons import Reason
from bridge.simulator.wavv.samples import SampleCall
from bridge.store.clock import ForgettingClock, store_time
from bridge.store.hold import Cause
from tests.support.in_process_bridge import Bridge
from tests.support.store import at_once

GRACE = timedelta(seconds=30)


def _waiting(bridge: Bridge, kinds: tuple[Kind, ...] = (Kind.RECORDED,)) -> SampleCall:
    """Return a call whose message was lost."""
    call = bridge.dial()
    bridge.receive(call, *kinds)
    bridge.drain()
    bridge.published.messages.clear()
    return call


def test_a_step_whose_message_was_lost_is_published_again(bridge: Bridge) -> None:
    """A step whose message was lost is published again after each grace."""
    call = _waiting(bridge)
    bridge.clock.wait(seconds=2)
    assert bridge.sweep() == 0
    bridge.clock.wait(seconds=30)
    assert [bridge.sweep() for _ in range(3)] == [1, 0, 0]
    assert bridge.published.tasks() == [(SUBMIT.task, call.call_id)]
    bridge.clock.wait(seconds=30)
    assert bridge.sweep() == 1


@pytest.mark.parametrize("grace", [5, 300])
def test_the_grace_is_the_operators(bridge: Bridge, grace: int) -> None:
    """The operator configures the grace."""
    bridge.change_settings(sweep_grace=grace)
    call = _waiting(bridge)
    due_at = bridge.call(call).due_at
    assert due_at is not None
    for _ in range(2):
        due_at += timedelta(seconds=grace)
        bridge.clock.time = due_at - timedelta(seconds=0.01)
        assert bridge.sweep() == 0
        bridge.clock.time = due_at
        assert bridge.sweep() == 1


def test_a_bridge_whose_every_message_is_lost_completes_its_calls(bridge: Bridge) -> None:
    """With every message lost, the sweep alone completes the calls."""
    calls = [bridge.dial(), bridge.dial("error-after-commit"), bridge.dial("partial-insights")]
    lost = [bridge.dial("no-webhook"), bridge.dial("throttle-bare")]
    for call in (*calls, *lost):
        bridge.receive(call)
    notified: set[str] = set()
    for _ in range(120):
        bridge.clock.wait(minutes=1)
        bridge.published.messages.clear()
        bridge.sweep()
        for message in list(bridge.published.messages):
            bridge.run(message)
        for call in calls:
            if bridge.call(call).state is State.SUBMITTED and call.call_id not in notified:
                notified.add(call.call_id)
                bridge.transcribed(call)
    assert {bridge.call(call).state for call in (*calls, *lost)} == {State.COMPLETE}
    assert len(bridge.bodies()) == 5


def test_each_step_is_published_by_its_own_task(bridge: Bridge) -> None:
    """Each step is published as its own task; calls that have ended need none."""
    bridge.change_settings(recording_deadline=60)
    ended, recorded = _waiting(bridge, (Kind.ENDED,)), _waiting(bridge)
    submitted, done = bridge.dial(), bridge.dial("reject")
    bridge.process(submitted)
    bridge.process(done)
    bridge.published.messages.clear()
    bridge.clock.wait(hours=1)
    assert bridge.sweep() == 3
    assert set(bridge.published.tasks()) == {
        (EXPIRE.task, ended.call_id),
        (SUBMIT.task, recorded.call_id),
        (INSIGHTS.task, submitted.call_id),
    }


@pytest.mark.parametrize(
    ("reason", "until", "published"),
    [
        (Reason.THROTTLED, 60, [EXPIRE]),
        (Reason.THROTTLED, -1, [EXPIRE, SUBMIT, SUBMIT, SUBMIT]),
        ("credentials_refused", 60, [EXPIRE]),
        ("credentials_refused", -1, [EXPIRE, SUBMIT]),
        ("outage", 1, [EXPIRE]),
        ("outage", -1, [EXPIRE, SUBMIT]),
    ],
)
def test_the_sweep_publishes_nothing_under_a_hold_but_its_probe(
    bridge: Bridge, reason: str, until: int, published: list[Any]
) -> None:
    """During a hold the sweep publishes its probe, and steps that send no request."""
    bridge.change_settings(recording_deadline=60)
    for kinds in ((Kind.ENDED,), *[(Kind.RECORDED,)] * 3):
        _waiting(bridge, kinds)
    bridge.clock.wait(minutes=5)
    now = bridge.clock()
    began = now if until > 0 else now - timedelta(minutes=1)
    bridge.services.holds.start(Cause(reason), began, now + timedelta(seconds=until))
    assert bridge.sweep() == len(published)
    assert [task for task, *_ in bridge.published.tasks()] == [step.task for step in published]


def test_only_one_sweep_works_at_a_time(bridge: Bridge) -> None:
    """A sweep does nothing while another has the lease."""
    _waiting(bridge)
    bridge.receive(bridge.dial())
    bridge.clock.wait(minutes=5)
    with bridge.services.leases.hold_sweep():
        assert bridge.sweep() == 0
    assert bridge.published.messages == []
    assert bridge.services.counters.last_saw("sweep") is None
    assert bridge.sweep() == 1
    assert bridge.services.counters.last_saw("sweep") == bridge.clock()


def test_sweeps_that_race_publish_each_step_once(bridge: Bridge) -> None:
    """Concurrent sweeps publish each step once."""
    for _ in range(10):
        _waiting(bridge)
    bridge.clock.wait(minutes=5)
    at_once(*[bridge.sweep] * 4)
    assert len(bridge.published.tasks()) == len(set(bridge.published.tasks())) == 10


def test_a_sweep_is_bounded(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sweep publishes a limited number of calls."""
    monkeypatch.setattr(sweep, "BATCH", 4)
    for _ in range(6):
        _waiting(bridge)
    bridge.clock.wait(minutes=5)
    assert [bridge.sweep() for _ in range(3)] == [4, 2, 0]


def test_old_events_are_forgotten_in_batches(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old events are deleted in batches."""
    monkeypatch.setattr(sweep, "EVENTS_BATCH", 100)
    for number in range(250):
        bridge.receive_raw(b'{"event": "call.transferred", "data": {"id": "%d"}}' % number, "wavv")
    bridge.drain()
    bridge.clock.wait(days=8)
    left = [250]
    while left[-1]:
        bridge.sweep()
        left.append(bridge.services.redis.xlen(bridge.services.keys.inbox))
        assert 0 < left[-2] - left[-1] <= 100


def test_an_inbox_that_waits_is_drained_again(bridge: Bridge) -> None:
    """The sweep publishes a drain while events wait in the inbox."""
    bridge.sweep()
    assert bridge.published.tasks() == []
    call = bridge.dial()
    entries = bridge.receive(call, Kind.ENDED)
    bridge.sweep()
    assert bridge.published.tasks() == [(DRAIN,)]
    bridge.services.inbox.take(10)
    bridge.age(*entries)
    bridge.sweep()
    bridge.work()
    assert bridge.call(call).state is State.ENDED
    bridge.sweep()
    assert bridge.published.tasks() == []


def test_an_expired_call_ends_only_when_it_is_due(bridge: Bridge) -> None:
    """A task for an expired call does nothing before its due time."""
    call = _waiting(bridge, (Kind.ENDED,))
    assert sweep.expire(bridge.services, [call.call_id]) == []
    assert sweep.expire(bridge.services, ["nobody"]) == []
    bridge.process(call, Kind.RECORDED)
    bridge.clock.wait(days=2)
    assert sweep.expire(bridge.services, [call.call_id]) == []
    assert bridge.call(call).state is State.SUBMITTED


def test_finished_calls_and_their_events_are_forgotten_in_time(bridge: Bridge) -> None:
    """Ended calls are deleted after 30 days and events after 7; unfinished calls stay."""
    done, waiting = bridge.dial("reject"), bridge.dial("no-webhook+stuck")
    bridge.change_settings(transcript_deadline=3650 * 86400)
    bridge.process(done)
    bridge.process(waiting)
    bridge.clock.wait(days=6.9)
    bridge.sweep()
    assert bridge.services.redis.xlen(bridge.services.keys.inbox) == 6
    bridge.clock.wait(days=0.2)
    bridge.sweep()
    assert bridge.services.redis.xlen(bridge.services.keys.inbox) == 0
    bridge.clock.wait(days=22.8)
    bridge.sweep()
    assert bridge.call(done).state is State.FAILED
    bridge.clock.wait(days=0.2)
    bridge.sweep()
    assert bridge.services.calls.load(done.call_id) is None
    assert bridge.call(waiting).state is State.SUBMITTED


def test_dead_letters_are_deleted_with_the_events(bridge: Bridge) -> None:
    """Dead letters are deleted when raw events are."""
    bridge.receive_raw(b"not json", "wavv")
    bridge.drain()
    bridge.clock.wait(days=6.9)
    bridge.sweep()
    assert bridge.services.redis.xlen(bridge.services.keys.dead_letters) == 1
    bridge.clock.wait(days=0.2)
    bridge.sweep()
    assert bridge.services.redis.xlen(bridge.services.keys.dead_letters) == 0


def test_events_that_were_not_handled_are_never_forgotten(bridge: Bridge) -> None:
    """Events that were not processed are never deleted."""
    call = bridge.dial()
    bridge.receive(call, Kind.ENDED)
    bridge.clock.wait(days=60)
    bridge.sweep()
    bridge.work()
    assert bridge.call(call).state is State.ENDED


def test_a_sweep_under_a_clock_a_year_ahead_forgets_nothing(bridge: Bridge) -> None:
    """A sweep deletes nothing while its clock differs from that of Redis."""
    call = bridge.dial("reject")
    bridge.process(call)
    clock, hours = store_time(bridge.services.redis), [0.0]
    forget_by = ForgettingClock(clock, lambda: 3600 * hours[-1])
    bridge.services = replace(bridge.services, forget_by=forget_by)
    bridge.clock.wait(days=365)
    events = bridge.services.redis.xlen(bridge.services.keys.inbox)
    for passed in (0, 0.2, 2, 4):
        hours.append(passed)
        bridge.sweep()
    assert bridge.call(call).state is State.FAILED
    assert bridge.services.redis.xlen(bridge.services.keys.inbox) == events > 0


def test_routine_sweeps_that_piled_up_are_one(bridge: Bridge) -> None:
    """Of several waiting routine sweeps one is run."""
    _waiting(bridge)
    bridge.clock.wait(minutes=5)
    assert sweep.sweep(bridge.services, is_routine=True) == 1
    for _ in range(5):
        bridge.clock.wait(minutes=5)
        assert sweep.sweep(bridge.services, is_routine=True) == 0
    assert bridge.sweep() == 1  # such as one published at the end of a hold
    pace = bridge.services.redis.pttl(bridge.services.keys.sweep_pace)
    assert 0 < pace <= 5000
    bridge.services.redis.delete(bridge.services.keys.sweep_pace)
    bridge.clock.wait(minutes=5)
    assert sweep.sweep(bridge.services, is_routine=True) == 1
