"""Each kind of work has a limited number of slots; calls without one wait in the store."""

from collections.abc import Iterator

import pytest

from bridge.broker.publisher import BATCH
from bridge.domain.call import State
from bridge.domain.steps import INSIGHTS, SUBMIT
from bridge.pipeline import slots, submit
from bridge.pipeline.slots import FETCHES, KINDS, LINKS, SUBMISSIONS, Slots, slot, use_threads
from bridge.simulator.wavv.samples import SampleCall
from config.broker import FEWEST_THREADS, WORKER_THREADS
from tests.support.in_process_bridge import Bridge
from tests.support.wavv_api import KEY, running_wavv


@pytest.fixture(autouse=True)
def own_slots(monkeypatch: pytest.MonkeyPatch) -> Slots:
    """Give each test new slots, as a new process has."""
    fresh = Slots()
    monkeypatch.setattr(slots, "SLOTS", fresh)
    return fresh


def recorded(bridge: Bridge, count: int, **changes: object) -> list[SampleCall]:
    """Return calls that are due for their submission."""
    calls = [bridge.dial() for _ in range(count)]
    for call in calls:
        bridge.receive(call, **changes)
    bridge.drain()
    bridge.published.messages.clear()
    bridge.clock.wait(seconds=5)
    return calls


def fill(kind: slots.Kind) -> Iterator[None]:
    """Use up every slot of a kind."""
    while slots.SLOTS.acquire(kind):
        yield


def test_a_kind_has_no_more_batches_than_slots(bridge: Bridge) -> None:
    """A kind of work runs no more batches than it has slots; another kind has its own."""
    assert len([*fill(SUBMISSIONS)]) == SUBMISSIONS.slots
    with slot(bridge.services, SUBMISSIONS, ["c-1"]) as has_slot:
        assert not has_slot
    with slot(bridge.services, FETCHES, ["c-2"]) as has_slot:
        assert has_slot


def test_the_slots_leave_threads_to_intake_and_sweep() -> None:
    """The slots of all kinds leave threads for intake and sweep; links are part of submissions."""
    assert SUBMISSIONS.slots + FETCHES.slots <= WORKER_THREADS - 2
    assert LINKS.slots < SUBMISSIONS.slots


@pytest.mark.parametrize("threads", [FEWEST_THREADS, 8, WORKER_THREADS, 100])
def test_every_number_of_threads_leaves_some_to_intake_and_sweep(threads: int) -> None:
    """Any ``--concurrency`` leaves threads for intake and sweep."""
    use_threads(threads)
    taken = {kind.name: len([*fill(kind)]) for kind in KINDS}
    assert all(taken.values())
    assert taken["submissions"] + taken["fetches"] <= threads - 2
    with pytest.raises(ValueError, match="at least 4 threads"):
        use_threads(FEWEST_THREADS - 1)


def test_calls_without_a_slot_are_published_when_a_batch_has_ended(bridge: Bridge) -> None:
    """When a batch ends, waiting calls are published in one message, the oldest first."""
    bridge.published.is_batched = True
    for _ in range(SUBMISSIONS.slots - 1):
        slots.SLOTS.acquire(SUBMISSIONS)
    with slot(bridge.services, SUBMISSIONS, ["first"]) as has_slot:
        assert has_slot
        for number in range(BATCH + 2):
            with slot(bridge.services, SUBMISSIONS, [f"c-{number:02}", "c-00"]) as is_free:
                assert not is_free
        assert bridge.published.tasks() == []
    first = tuple(f"c-{number:02}" for number in range(BATCH))
    assert bridge.published.tasks() == [(SUBMIT.task, *first)]
    with slot(bridge.services, SUBMISSIONS, ["next"]):
        pass
    assert bridge.published.tasks()[1:] == [(SUBMIT.task, f"c-{BATCH}", f"c-{BATCH + 1}")]


def test_the_sweep_publishes_no_call_that_waits_for_a_slot(bridge: Bridge) -> None:
    """The sweep publishes only one batch of the calls that wait for a slot."""
    bridge.published.is_batched = True
    calls = [call.call_id for call in recorded(bridge, 20)]
    bridge.services.due.wait(SUBMISSIONS.name, calls, bridge.clock())
    bridge.clock.wait(minutes=2)
    bridge.sweep()
    published = [message.args for message in bridge.published.messages]
    assert [len(ids) for ids in published] == [BATCH]
    bridge.clock.wait(minutes=2)
    bridge.sweep()
    assert {call_id for message in bridge.published.messages for call_id in message.args} == {
        *calls
    }


def test_the_sweep_leaves_the_order_of_waiting_calls_alone(bridge: Bridge) -> None:
    """While all slots are in use the sweep does not change the order of waiting calls."""
    [*fill(SUBMISSIONS)]
    bridge.services.due.wait(SUBMISSIONS.name, ["c-1"], bridge.clock())
    assert bridge.sweep() == 0
    assert bridge.services.redis.zcard(bridge.services.keys.waiting(SUBMISSIONS.name)) == 1
    slots.SLOTS.release(SUBMISSIONS)
    assert bridge.sweep() == 1


def test_the_sweep_publishes_no_call_that_is_worked_on(bridge: Bridge) -> None:
    """The sweep does not publish a call whose request is in progress."""
    (call,) = recorded(bridge, 1)
    bridge.clock.wait(minutes=2)
    with bridge.services.leases.hold([call.call_id]):
        assert bridge.sweep() == 0
    bridge.clock.wait(minutes=2)
    assert bridge.sweep() == 1


def test_calls_that_want_a_link_do_not_keep_others_from_submission(bridge: Bridge) -> None:
    """While all link fetches hang, only calls without a link wait."""
    with running_wavv() as rest:
        bridge.change_settings(wavv_api_key=KEY, wavv_base_url=rest.url)
        (linked,) = recorded(bridge, 1)
        (without,) = recorded(bridge, 1, recordingUrl=None)
        bridge.clock.wait(minutes=2)
        for _ in range(LINKS.slots):
            slots.SLOTS.acquire(LINKS)
        saved = submit.submit(bridge.services, [without.call_id, linked.call_id])
        assert [call.call_id for call in saved] == [linked.call_id]
        assert bridge.call(without).state is State.RECORDED
        assert bridge.services.due.take_waiting(LINKS.name, 5) == [without.call_id]
        assert not bridge.services.redis.exists(bridge.services.keys.lease(without.call_id))
        assert not rest.requested


def test_a_worker_publishes_what_another_left_waiting(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker also publishes calls that another worker left waiting."""
    monkeypatch.setattr(slots, "LOOK_SECONDS", 0.0)
    bridge.services.due.wait(FETCHES.name, ["c-1"], bridge.clock())
    with slot(bridge.services, FETCHES, ["c-2"]):
        pass
    assert bridge.published.tasks() == [(INSIGHTS.task, "c-1")]
