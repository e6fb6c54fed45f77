"""The operator's rules: which recorded calls are not submitted."""

from bridge.domain.call import Call, Metadata
from bridge.domain.policy import Policy
from bridge.reasons import Reason


def skip_reason(metadata: Metadata, policy: Policy) -> Reason | None:
    """Return the slug of the rule that excludes a call with this metadata, or ``None``.

    A rule does not apply if WAVV has not sent the field that the rule compares.
    """
    if metadata.seconds is not None and metadata.seconds < policy.skip_shorter_than.total_seconds():
        return Reason.TOO_SHORT
    if metadata.outcome is not None and metadata.outcome.upper() in policy.skip_outcomes:
        return Reason.OUTCOME_EXCLUDED
    return None


def rule_against(call: Call, policy: Policy) -> Reason | None:
    """Return the slug of the rule that excludes the call.

    Returns ``None`` if no rule does, or if a replay overrules the rules.
    """
    return None if call.rules_overruled else skip_reason(call.metadata, policy)


def is_rule_lifted(before: Metadata, after: Metadata, policy: Policy) -> bool:
    """Return whether a rule excludes a call with the metadata ``before``, but none with ``after``.

    Both are checked by the present rules. If the operator removes a rule, only a replay reopens the
    calls that the rule excluded.
    """
    return skip_reason(before, policy) is not None and skip_reason(after, policy) is None
