"""Tests for the operator's rules that exclude recorded calls from submission."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.call import Metadata, new_call
from bridge.domain.policy import Policy
from bridge.domain.rules import rule_against, skip_reason
from tests.support.domain import AT

RULES = Policy(
    skip_shorter_than=timedelta(seconds=10), skip_outcomes=frozenset({"VOICEMAIL", "NO_ANSWER"})
)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"seconds": 9}, "too_short"),
        ({"seconds": 0, "outcome": "VOICEMAIL"}, "too_short"),
        ({"seconds": 10}, None),
        ({"outcome": "VOICEMAIL"}, "outcome_excluded"),
        ({"outcome": "no_answer", "seconds": 99}, "outcome_excluded"),
        ({"outcome": "USER_HUNG_UP", "seconds": 99}, None),
        ({}, None),
    ],
)
def test_a_rule_skips_only_by_values_that_wavv_sent(
    metadata: dict[str, Any], reason: str | None
) -> None:
    """A call whose seconds and outcome are unknown is submitted."""
    assert skip_reason(Metadata(**metadata), RULES) == reason


def test_without_rules_every_recorded_call_is_submitted() -> None:
    """The default policy skips no call."""
    assert skip_reason(Metadata(seconds=0, outcome="VOICEMAIL", human=False), Policy()) is None


def test_a_replay_overrules_the_rules() -> None:
    """A call that was replayed is submitted although a rule excludes it."""
    call = new_call("c-1", AT).but(metadata=Metadata(seconds=9))
    assert rule_against(call, RULES) == "too_short"
    assert rule_against(call.but(rules_overruled=True), RULES) is None
