"""Insights are fetched again until they are there, or until the deadline."""

from collections.abc import Mapping

import pytest

from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_client import entries
from tests.support.stack import Stack

KINDS = {"late-insights.400": "all", "partial-insights": "some", "no-insights": "none"}


@pytest.fixture(scope="module")
def sent_calls(solo: Stack) -> Mapping[str, SampleCall]:
    """Send a call to a stack without other work, so that fetches are on time."""
    return {behaviour: solo.bridge.send_call(solo.call(behaviour)) for behaviour in KINDS}


@pytest.mark.parametrize("behaviour", KINDS)
def test_missing_insights_are_fetched_again(
    behaviour: str, solo: Stack, sent_calls: Mapping[str, SampleCall]
) -> None:
    """Missing insights are fetched again; at the deadline the insights that came are kept."""
    call = solo.bridge.reaches(sent_calls[behaviour], "complete")
    insights = call["insights"]
    assert insights["status"] == KINDS[behaviour]
    assert bool(insights["signals"]) == (behaviour != "no-insights")
    assert bool(insights["action_items"]) == (behaviour == "late-insights.400")
    assert insights["checks"] == len(entries(call, "insights.read")) + 1 > 1
    assert insights["checks"] == solo.requests(sent_calls[behaviour], "GET").count(200)
