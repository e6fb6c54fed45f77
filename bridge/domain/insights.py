"""When to ask for insights again, and when what came is all there will be.

Insights come from pipelines of their own after the transcript, most within minutes; an empty array
may be final. Source: AskElephant's dialer integration guide, "Timing considerations".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from bridge.domain.call import Call, InsightsSummary
from bridge.domain.events import InsightsFinal, InsightsRead
from bridge.domain.policy import Policy

Brought = Mapping[str, Any]
GROWTH = 1.5
LEAST = timedelta(seconds=1)
"""A first fetch may be at once; those after it are some time apart."""


def merge_insights(known: Brought, brought: Brought) -> dict[str, Any]:
    """Return what is known after a fetch: newer values win, but empty never replaces filled."""
    return dict(known) | {
        key: value for key, value in brought.items() if value or not known.get(key)
    }


def next_insight_check(
    call: Call, known: Brought, now: datetime, jitter: float, policy: Policy
) -> InsightsRead | InsightsFinal:
    """Return the event that follows from a fetch: another check, or the end with its status."""
    deadline = call.insights.deadline or now
    checks = call.insights.checks + 1
    counts = {key: len(value) for key, value in known.items() if isinstance(value, list)}
    filled = [key for key in policy.insights_required if known.get(key)]
    missing = len(policy.insights_required) - len(filled)
    summary = InsightsSummary(counts=counts, checks=checks, deadline=deadline)
    if missing and now < deadline:
        delay = (policy.insights_first_delay or LEAST) * GROWTH ** min(checks, 30)
        wait = min(delay, policy.insights_max_delay) * (1 - jitter / 4)
        return InsightsRead(summary, next_at=min(now + wait, deadline))
    return InsightsFinal(summary.model_copy(update={"status": _status(filled, missing)}))


def _status(filled: Sequence[str], missing: int) -> Literal["all", "some", "none"]:
    if not missing:
        return "all"
    return "some" if filled else "none"
