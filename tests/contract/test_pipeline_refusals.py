"""A refused event with a valid signature is shown on the call that it names."""

from bridge.domain.call import Kind, State
from bridge.store.refusal import REFUSAL, Refusal
from tests.support.in_process_bridge import Bridge, whats

TOO_LARGE = Refusal("c-1", "too_large", "call.recorded", 3_000_000)


def test_a_refusal_stands_on_the_timeline_and_in_the_reason(bridge: Bridge) -> None:
    """A refusal is on the timeline, and is the reason of a call that ends without a recording."""
    call = bridge.dial()
    bridge.receive(call, Kind.STARTED, Kind.ENDED)
    bridge.drain()
    refusal = Refusal(call.call_id, "too_large", "call.recorded", 3_000_000)
    entry = bridge.receive_raw(refusal.raw(), REFUSAL)
    bridge.drain()
    noted = bridge.call(call).timeline[-1].model_dump(exclude={"at"})
    assert noted == {
        "what": "event.refused", "reason": "too_large", "event": "call.recorded",
        "size": 3_000_000, "entry": entry,
    }  # fmt: skip
    bridge.clock.wait(seconds=bridge.services.policy.recording_deadline.total_seconds() + 60)
    bridge.sweep()
    bridge.work()
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.UNRECORDED, "event_refused")


def test_a_call_may_be_known_by_a_refusal_alone(bridge: Bridge) -> None:
    """A refused event alone creates a call, with a deadline, which later events join."""
    bridge.receive_raw(TOO_LARGE.raw(), REFUSAL)
    bridge.receive_raw(b'{"event": "call.ended", "data": {"id": "c-1", "seconds": 9}}', "wavv")
    bridge.drain()
    call = bridge.services.calls.load("c-1")
    assert call is not None
    assert sorted(whats(call)) == ["CallEnded", "event.refused"]
    assert call.state is State.ENDED
    assert call.due_at is not None


def test_a_refusal_among_other_events_parts_no_batch(bridge: Bridge) -> None:
    """A refusal in a batch of events does not divide the batch."""
    calls = [bridge.dial() for _ in range(3)]
    for call in calls:
        bridge.receive(call)
    bridge.receive_raw(TOO_LARGE.raw(), REFUSAL)
    bridge.drain()
    assert {bridge.call(call).state for call in calls} == {State.RECORDED}
    assert bridge.logged("events.parted") == []
