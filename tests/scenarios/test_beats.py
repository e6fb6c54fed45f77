"""Two beats may run: the sweep has a lock, and each step a lease."""

from collections.abc import Iterator

import pytest

from bridge.supervise.commands import Command
from tests.support.bridge_client import entries
from tests.support.process import Process
from tests.support.stack import Stack
from tests.support.waiting import wait_for

SEVERAL = 8


@pytest.fixture
def second_beat(solo: Stack) -> Iterator[None]:
    """Run a second beat; both publish sweeps."""
    first = solo.processes["beat"].command
    second = Process(Command("second-beat", first.argv, first.env), solo.directory)
    with second:
        wait_for(second.output, lambda output: "starting" in output, "the second beat starts")
        yield


@pytest.mark.usefixtures("second_beat")
def test_two_beats_double_nothing(solo: Stack) -> None:
    """With two beats, calls that only the sweep advances are still submitted once each."""
    solo.sandbox.control("faults", {"status": 429, "retry_after": 1})
    calls = [solo.bridge.send_call(solo.call()) for _ in range(SEVERAL)]
    wait_for(
        lambda: [solo.bridge.call(call.call_id).get("held") for call in calls],
        all,
        "every call waits for the sweep",
    )
    solo.sandbox.control("faults")
    done = [solo.bridge.reaches(call, "complete") for call in calls]
    assert [len(entries(call, "engagement.created")) for call in done] == [1] * SEVERAL
    assert [solo.requests(call).count(201) for call in calls] == [1] * SEVERAL
    assert all(200 not in solo.requests(call) for call in calls)
