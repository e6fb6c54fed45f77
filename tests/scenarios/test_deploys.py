"""A deploy replaces one worker after the other, and no call is late.

Beat is stopped, so that no sweep publishes a message again that was lost or late.
"""

import signal
from datetime import datetime
from functools import partial

import pytest

from tests.support.bridge_client import Json, entries
from tests.support.process import Process
from tests.support.stack import Stack
from tests.support.two_workers import WORKERS, wait_until_both_work
from tests.support.waiting import wait_for

SEVERAL = 6
SLOW = "slow-media.6400"
"""A request of 32 seconds, during which another worker starts, also on a busy machine."""

PATIENT = {
    "BRIDGE_ASKELEPHANT_TIMEOUT": "60",
    "BRIDGE_INSIGHTS_FIRST_DELAY": "3",
    "BRIDGE_INSIGHTS_MAX_DELAY": "3",
    "BRIDGE_INSIGHTS_DEADLINE": "60",
}
LATE = 8.0
"""Seconds that a call may need during a deploy; without one it needs one or two."""


@pytest.fixture(scope="module")
def unswept(pair: Stack) -> Stack:
    """Give the module's pair of workers without its beat."""
    pair.processes["beat"].stop()
    return pair


def test_workers_that_are_replaced_one_by_one_cost_no_time(unswept: Stack) -> None:
    """Calls that are sent while both workers are replaced complete in time, by one request."""
    before = len(unswept.calls)

    def look(worker: Process) -> int | None:
        unswept.bridge.send_call(unswept.call())
        return worker.ended()

    for worker in [unswept.processes[name] for name in WORKERS]:
        worker.signal(signal.SIGTERM)
        wait_for(partial(look, worker), lambda code: code == 0, "the worker ends")
        worker.start()
        wait_until_both_work(unswept)
    calls = unswept.calls[before:]
    done = [unswept.bridge.reaches(call, "complete") for call in calls]
    assert max(map(_seconds, done)) < LATE
    assert {len(unswept.requests(call)) for call in calls} == {1}


def test_waiting_messages_go_to_another_worker_at_the_stop(unswept: Stack) -> None:
    """A stopping worker finishes its request, and its waiting messages go to the other worker."""
    first, second = (unswept.processes[name] for name in WORKERS)
    second.stop()
    unswept.restart("worker", **PATIENT)
    held = [unswept.bridge.send_call(unswept.call()) for _ in range(SEVERAL)]
    for call in held:
        unswept.bridge.reaches(call, "transcribed")
    slow = unswept.bridge.send_call(unswept.call(SLOW))
    wait_for(lambda: unswept.bridge.call(slow.call_id), _is_underway, "the slow request is out")
    first.signal(signal.SIGTERM)
    second.start(**PATIENT)
    for call in held:
        unswept.bridge.reaches(call, "complete")
    assert first.ended() is None
    assert _is_underway(unswept.bridge.call(slow.call_id))
    assert wait_for(first.ended, lambda code: code is not None, "the first worker ends") == 0
    unswept.bridge.reaches(slow, "complete")
    assert len(unswept.requests(slow)) == 1


def _is_underway(call: Json) -> bool:
    return (call.get("state"), call.get("attempts")) == ("recorded", 1)


def _seconds(call: Json) -> float:
    """Return the seconds from WAVV's last event to the last insight."""
    ((recorded,), (final,)) = entries(call, "CallRecorded"), entries(call, "insights.final")
    begun, ended = (datetime.fromisoformat(entry["at"]) for entry in (recorded, final))
    return (ended - begun).total_seconds()
