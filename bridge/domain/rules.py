"""The operator's rules: which recorded calls are not worth submitting."""

from bridge.domain.call import Call, Metadata
from bridge.domain.policy import Policy


def skip_reason(said: Metadata, policy: Policy) -> str | None:
    """Return why the call is to be skipped, or ``None``. What WAVV did not say skips nothing."""
    if said.seconds is not None and said.seconds < policy.skip_shorter_than.total_seconds():
        return "too_short"
    if said.outcome is not None and said.outcome.upper() in policy.skip_outcomes:
        return "outcome_excluded"
    return None


def rule_against(call: Call, policy: Policy) -> str | None:
    """Return why the call is to be skipped, or ``None``; a replay overrules all rules."""
    return None if call.rules_overruled else skip_reason(call.metadata, policy)


def is_rule_lifted(before: Metadata, after: Metadata, policy: Policy) -> bool:
    """Return whether a rule skipped the call by ``before``, and none skips it by ``after``.

    A rule that the operator removed is not lifted by an event: that takes a replay.
    """
    return skip_reason(before, policy) is not None and skip_reason(after, policy) is None
