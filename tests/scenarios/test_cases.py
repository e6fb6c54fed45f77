"""Calls of every kind go through one stack at the same time, and each ends as expected."""

from collections.abc import Mapping

import pytest

from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_client import happened
from tests.support.call_cases import CASES
from tests.support.stack import Stack

Calls = Mapping[str, SampleCall]


@pytest.mark.parametrize("name", CASES)
def test_a_call_ends_where_it_should(name: str, shared: Stack, sent: Calls) -> None:
    """State, reason, insights and timeline of each case are as expected."""
    case = CASES[name]
    call = shared.bridge.rests(sent[name])
    ended = (call["state"], call["reason"], call["insights"]["status"])
    assert ended == (case.state, case.reason, case.insights), call
    assert set(case.happened) <= set(happened(call)), call


def test_every_recorded_call_is_one_engagement_and_no_other_call_is_any(
    shared: Stack, settled: Calls
) -> None:
    """AskElephant has the expected number of engagements for each case, and no others."""
    made = [one["external_id"] for one in shared.sandbox.journal()["engagements"]]
    counts = {name: made.count(f"wavv-call-{call.call_id}") for name, call in settled.items()}
    assert counts == {name: case.engagements for name, case in CASES.items()}


def test_no_call_is_submitted_more_often_than_needed(shared: Stack, settled: Calls) -> None:
    """A call has one request, plus one for each that failed; the API shows the same count."""
    tries = {name: case.tries for name, case in CASES.items() if case.tries is not None}
    requests = {name: len(shared.requests(settled[name])) for name in tries}
    counted = {name: shared.bridge.call(settled[name].call_id)["attempts"] for name in tries}
    assert requests == tries
    assert counted == tries


@pytest.mark.usefixtures("settled")
def test_every_move_is_counted_once(shared: Stack) -> None:
    """The counters of state changes agree with the calls, however often events were repeated."""
    heard = [happened(shared.bridge.call(call.call_id)) for call in shared.calls]
    stats = shared.bridge.stats()
    assert stats["counters"]["calls.recorded"] == sum("CallRecorded" in slugs for slugs in heard)
    for state in ("complete", "failed", "skipped"):
        assert stats["counters"][f"calls.{state}"] == stats["states"][state]
