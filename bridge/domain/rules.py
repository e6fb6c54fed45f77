"""The operator's rules: which recorded calls are not worth submitting."""

from bridge.domain.call import Metadata
from bridge.domain.policy import Policy


def skip_reason(said: Metadata, policy: Policy) -> str | None:
    """Return why the call is to be skipped, or ``None``. What WAVV did not say skips nothing."""
    if said.seconds is not None and said.seconds < policy.skip_shorter_than.total_seconds():
        return "too_short"
    if said.outcome is not None and said.outcome.upper() in policy.skip_outcomes:
        return "outcome_excluded"
    return None
