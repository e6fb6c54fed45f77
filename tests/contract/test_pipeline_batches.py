"""Steps that process several calls: an error of one call concerns that call only."""

import itertools
from collections.abc import Sequence
from datetime import datetime

import pytest
from redis import Redis

from bridge.broker.publisher import BATCH
from bridge.domain.call import Call, State
from bridge.domain.events import Event, Submitted
from bridge.domain.machine import advance
from bridge.domain.mapping import Mapper, engagement_request
from bridge.domain.policy import Policy
from bridge.pipeline import insights, record, submit
from bridge.pipeline.extras import open_extras
from bridge.services import Services
from bridge.simulator.wavv.samples import SampleCall
from tests.support.httpx_transports import InterruptedTransport
from tests.support.in_process_bridge import Bridge, whats

BEHAVIOURS = ("", "reject", "error-before-commit", "early-webhook", "own-403", "collision", "", "")
GROUPINGS: tuple[tuple[int, ...], ...] = ((8,), (1,) * 8, (3, 5), (2, 2, 2, 2), (7, 1))


@pytest.fixture(autouse=True)
def _batched(bridge: Bridge) -> None:
    bridge.published.is_batched = True


def recorded(bridge: Bridge, *behaviours: str) -> list[SampleCall]:
    """Return calls that are due for their submission."""
    calls = [bridge.dial(behaviour) for behaviour in behaviours]
    for call in calls:
        bridge.receive(call)
    bridge.drain()
    bridge.published.messages.clear()
    bridge.clock.wait(seconds=5)
    return calls


def ids(calls: Sequence[SampleCall]) -> list[str]:
    """Return the calls' ids."""
    return [call.call_id for call in calls]


def test_calls_of_one_drain_share_their_messages(bridge: Bridge) -> None:
    """Calls that become due in one drain share their messages."""
    calls = [bridge.dial() for _ in range(BATCH + 4)]
    for call in calls:
        bridge.receive(call)
    bridge.drain()
    assert [len(message.args) for message in bridge.published.messages] == [BATCH, 4]
    bridge.work()
    assert {bridge.call(call).state for call in calls} == {State.SUBMITTED}
    assert len(bridge.bodies()) == len(calls)


@pytest.mark.parametrize("grouping", GROUPINGS, ids=str)
def test_a_batch_gives_what_batches_of_one_give(bridge: Bridge, grouping: tuple[int, ...]) -> None:
    """A call's result is the same in a batch of any size."""
    calls = recorded(bridge, *BEHAVIOURS)
    left = iter(calls)
    for size in grouping:
        submit.submit(bridge.services, ids([*itertools.islice(left, size)]))
    found = [bridge.call(call) for call in calls]
    assert [(call.state, call.reason) for call in found] == [
        (State.SUBMITTED, None),
        (State.FAILED, "rejected"),
        (State.RECORDED, "askelephant_error"),
        (State.SUBMITTED, None),
        (State.RECORDED, "scope_missing"),
        (State.FAILED, "external_id_collision"),
        (State.SUBMITTED, None),
        (State.SUBMITTED, None),
    ]
    assert all(call.attempts == 1 for call in found)
    assert {whats(call).count("submission.started") for call in found} == {1}


def test_a_batch_needs_as_many_round_trips_as_one_call(bridge: Bridge, redis: Redis) -> None:
    """A batch has as many round trips to Redis as one call."""
    bridge.process(bridge.dial())  # the scripts are known
    calls = recorded(bridge, *[""] * BATCH)

    def reads() -> int:
        return int(redis.info("stats")["total_reads_processed"])

    before = reads()
    submit.submit(bridge.services, ids(calls))
    # Responses come in groups, and long requests are read in pieces.
    assert reads() - before < 3 * BATCH
    assert {bridge.call(call).state for call in calls} == {State.SUBMITTED}


def test_a_call_named_twice_is_sent_once(bridge: Bridge) -> None:
    """A call that a message names twice is sent once."""
    (call,) = recorded(bridge, "")
    submit.submit(bridge.services, [call.call_id] * 3)
    assert len(bridge.requests()) == 1


def break_on(patch: pytest.MonkeyPatch, broken: str, kind: type[Event]) -> None:
    """Make the state machine raise for one call's event of a type."""

    def breaking(call: Call, event: Event, now: datetime, policy: Policy) -> Call:
        if call.call_id == broken and isinstance(event, kind):
            raise ZeroDivisionError("a bug of ours")
        return advance(call, event, now, policy)

    patch.setattr(record, "advance", breaking)


def test_what_breaks_for_one_call_costs_that_call_only(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception for one call is logged, and the call stays due; the others are saved."""
    calls = recorded(bridge, "", "", "")
    with monkeypatch.context() as broken:
        break_on(broken, calls[1].call_id, Submitted)
        saved = submit.submit(bridge.services, ids(calls))
    assert {call.call_id for call in saved} == {calls[0].call_id, calls[2].call_id}
    assert [line["call_id"] for line in bridge.logged("step.result_not_saved")] == [
        calls[1].call_id
    ]
    assert bridge.call(calls[1]).state is State.RECORDED
    bridge.sweep_for(minutes=2)
    found = bridge.call(calls[1])
    assert (found.state, found.engagement_created) == (State.SUBMITTED, False)


def test_a_lease_that_is_lost_costs_that_call_only(bridge: Bridge) -> None:
    """If another worker has a call's lease by now, only this call is not saved."""
    calls = recorded(bridge, "", "", "")
    lost = bridge.services.keys.lease(calls[0].call_id)
    bridge.use_transport(InterruptedTransport(lambda: bridge.services.redis.set(lost, "theirs")))
    saved = submit.submit(bridge.services, ids(calls))
    assert {call.call_id for call in saved} == {*ids(calls[1:])}
    assert [line["call_id"] for line in bridge.logged("lease.lost")] == [calls[0].call_id]
    assert bridge.services.redis.get(lost) == b"theirs"


def test_a_damaged_record_costs_that_call_only(bridge: Bridge) -> None:
    """A damaged record fails its own call only."""
    calls = recorded(bridge, "", "", "")
    bridge.services.redis.set(bridge.services.keys.call(calls[1].call_id), b"not a record")
    saved = submit.submit(bridge.services, ids(calls))
    assert {call.call_id for call in saved} == {calls[0].call_id, calls[2].call_id}


def test_every_lease_of_a_batch_is_released(bridge: Bridge) -> None:
    """The leases of calls that are not due are released before the others' requests."""
    due = recorded(bridge, "")
    early = bridge.dial()
    bridge.receive(early)
    bridge.drain()
    lease, seen = bridge.services.keys.lease(early.call_id), list[bool]()
    bridge.use_transport(
        InterruptedTransport(lambda: seen.append(bool(bridge.services.redis.exists(lease))))
    )
    submit.submit(bridge.services, ids([*due, early]))
    assert seen == [False]
    assert not bridge.services.redis.keys(bridge.services.keys.lease("*"))


def test_under_a_hold_one_call_of_a_batch_probes_it(bridge: Bridge) -> None:
    """During a hold one call of a batch is the probe, and the others wait."""
    first, *others = recorded(bridge, *["throttle-seconds.2"] + [""] * 5)
    submit.submit(bridge.services, [first.call_id])
    submit.submit(bridge.services, ids(others))
    assert {bridge.call(call).reason for call in others} == {"throttled"}
    assert all(bridge.call(call).held for call in others)
    assert len(bridge.requests()) == 1


def test_a_budget_is_kept_within_a_batch(bridge: Bridge) -> None:
    """The rate limit counts each call of a batch."""
    bridge.change_settings(askelephant_rate="3/m")
    calls = recorded(bridge, *[""] * 5)
    submit.submit(bridge.services, ids(calls))
    states = [bridge.call(call).state for call in calls]
    assert states == [State.SUBMITTED] * 3 + [State.RECORDED] * 2
    assert {bridge.call(call).reason for call in calls[3:]} == {"request_budget"}


def test_insights_of_a_batch_are_each_calls_own(bridge: Bridge) -> None:
    """The insights of each call of a batch are its own."""
    calls = recorded(bridge, "", "no-insights", "read-error.1", "")
    submit.submit(bridge.services, ids(calls))
    for call in calls:
        bridge.transcribed(call)
    bridge.drain()
    bridge.clock.wait(minutes=5)
    bridge.published.messages.clear()
    insights.fetch(bridge.services, ids(calls))
    assert [bridge.call(call).state for call in calls] == [
        State.COMPLETE,
        State.TRANSCRIBED,
        State.TRANSCRIBED,
        State.COMPLETE,
    ]
    assert [bool(bridge.insights(call)) for call in calls] == [True, True, False, True]


def test_a_bug_in_one_decision_costs_that_call_only(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the decision before a request fails its call only."""
    calls = recorded(bridge, "", "")

    def breaking(call: Call, mapper: Mapper) -> object:
        if call.call_id == calls[0].call_id:
            raise ZeroDivisionError("a bug of ours")
        return engagement_request(call, mapper)

    monkeypatch.setattr(submit, "engagement_request", breaking)
    saved = submit.submit(bridge.services, ids(calls))
    assert [call.call_id for call in saved] == [calls[1].call_id]
    assert [line["call_id"] for line in bridge.logged("step.failed_unexpectedly")] == [
        calls[0].call_id
    ]
    assert len(bridge.requests()) == 1


def test_an_extra_recording_that_cannot_be_opened_costs_its_call_only(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the call for an extra recording cannot be saved, only its call stays due."""
    calls = recorded(bridge, "", "")

    def breaking(services: Services, call: Call) -> None:
        if call.call_id == calls[0].call_id:
            raise ZeroDivisionError("a bug of ours")
        open_extras(services, call)

    with monkeypatch.context() as broken:
        broken.setattr(submit, "open_extras", breaking)
        saved = submit.submit(bridge.services, ids(calls))
    assert [call.call_id for call in saved] == [calls[1].call_id]
    assert len(bridge.requests()) == 1
    bridge.sweep_for(minutes=2)
    assert bridge.call(calls[0]).state is State.SUBMITTED
