"""The operator's rules: which recorded calls are not worth submitting."""

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
    ("said", "reason"),
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
def test_a_rule_skips_only_what_wavv_said(said: dict[str, Any], reason: str | None) -> None:
    """A call of which nothing is known is submitted: none is lost by silence."""
    assert skip_reason(Metadata(**said), RULES) == reason


def test_without_rules_every_recorded_call_is_submitted() -> None:
    """Skipping is the operator's decision, not ours."""
    assert skip_reason(Metadata(seconds=0, outcome="VOICEMAIL", human=False), Policy()) is None


def test_a_replay_overrules_the_rules() -> None:
    """The operator's command is later than the operator's rule."""
    call = new_call("c-1", AT).but(metadata=Metadata(seconds=9))
    assert rule_against(call, RULES) == "too_short"
    assert rule_against(call.but(rules_overruled=True), RULES) is None
