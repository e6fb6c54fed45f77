"""A 429 for one call holds all calls; none fails, and all continue in time."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_client import entries, happened
from tests.support.call_cases import THROTTLED
from tests.support.stack import Stack
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def throttled(solo: Stack) -> Mapping[str, SampleCall]:
    """Send all throttled cases at the same time."""
    return {
        name: solo.bridge.send_call(solo.call(case.behaviour)) for name, case in THROTTLED.items()
    }


@pytest.mark.parametrize("name", THROTTLED)
def test_a_throttled_call_is_held_and_completes(
    name: str, solo: Stack, throttled: Mapping[str, SampleCall]
) -> None:
    """A throttled call completes with one request more per 429, for every ``Retry-After`` form."""
    case = THROTTLED[name]
    call = solo.bridge.reaches(throttled[name], "complete")
    assert set(case.happened) <= set(happened(call))
    assert len(solo.requests(throttled[name])) == call["attempts"] == case.tries
    assert len(solo.engagements(throttled[name])) == 1


def test_while_one_is_throttled_no_other_is_sent(
    solo: Stack, throttled: Mapping[str, SampleCall]
) -> None:
    """A call that comes during a hold waits for its end, and is sent once."""
    for call in throttled.values():
        solo.bridge.reaches(call, "complete")
    first = solo.bridge.send_call(solo.call("throttle-seconds"))
    held = wait_for(
        lambda: solo.bridge.call(first.call_id), lambda seen: seen.get("held"), "it is held"
    )
    [refused] = entries(held, "step.held")
    assert (refused["reason"], refused["status"]) == ("throttled", 429)
    assert solo.bridge.stats()["hold"]["reason"] == "throttled"
    other = solo.bridge.send_call(solo.call())
    done = solo.bridge.reaches(other, "complete")
    assert done["attempts"] == 1
    [started] = entries(done, "submission.started")
    assert datetime.fromisoformat(started["at"]) >= datetime.fromisoformat(refused["until"])
    solo.bridge.reaches(first, "complete")
