"""Processes and AskElephant stop and restart: no call is lost, and none is submitted twice."""

from collections.abc import Callable

from bridge.simulator.wavv.channels import deliveries
from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_client import Json
from tests.support.stack import Stack
from tests.support.waiting import wait_for

SEVERAL = 6


def test_calls_survive_an_outage_of_askelephant(solo: Stack) -> None:
    """Calls complete after an outage of AskElephant in which connections were refused."""
    solo.processes["sandbox"].stop()
    calls = _sent(solo)
    seen = _wait_for_all(solo, calls, lambda call: call.get("reason") == "askelephant_unreachable")
    assert {call["state"] for call in seen} == {"recorded"}
    solo.start("sandbox")
    _all_complete_once(solo, calls)


def test_calls_survive_errors_that_meet_everyone(solo: Stack) -> None:
    """Calls complete after AskElephant has responded to every request with 503."""
    solo.sandbox.control("faults", {"status": 503})
    calls = _sent(solo)
    _wait_for_all(solo, calls, lambda call: call.get("attempts", 0) > 1)
    solo.sandbox.control("faults")
    _all_complete_once(solo, calls)


def test_the_web_process_may_be_restarted_in_mid_flight(solo: Stack) -> None:
    """Calls complete after a restart of the web process; refused events are sent again."""
    calls = _sent(solo)
    solo.processes["web"].stop()
    late = solo.call()
    events = deliveries(late)
    assert [solo.bridge.post(event).status for event in events] == [None] * len(events)
    solo.start("web")
    solo.bridge.deliver(events)
    _all_complete_once(solo, [*calls, late])


def test_a_worker_may_be_restarted_in_mid_flight(solo: Stack) -> None:
    """After SIGTERM a worker finishes its requests, and another worker does the rest."""
    calls = _sent(solo, "slow-media.200")
    _wait_for_all(solo, calls, lambda call: call.get("attempts") == 1)
    solo.processes["worker"].stop()
    late = solo.bridge.send_call(solo.call())
    assert solo.bridge.call(late.call_id) == {}
    solo.start("worker")
    _all_complete_once(solo, [*calls, late])
    assert all(len(solo.requests(call)) == 1 for call in calls)


def test_without_beat_calls_still_complete(solo: Stack) -> None:
    """Without beat calls complete, because the sweep is only the safety net."""
    solo.processes["beat"].stop()
    _all_complete_once(solo, _sent(solo))
    solo.start("beat")


def _sent(stack: Stack, behaviour: str = "") -> list[SampleCall]:
    return [stack.bridge.send_call(stack.call(behaviour)) for _ in range(SEVERAL)]


def _wait_for_all(
    stack: Stack, calls: list[SampleCall], holds: Callable[[Json], bool]
) -> list[Json]:
    return wait_for(
        lambda: [stack.bridge.call(call.call_id) for call in calls],
        lambda seen: all(map(holds, seen)),
        "all calls are where they should be",
    )


def _all_complete_once(stack: Stack, calls: list[SampleCall]) -> None:
    for call in calls:
        stack.bridge.reaches(call, "complete")
    assert [len(stack.engagements(call)) for call in calls] == [1] * len(calls)
