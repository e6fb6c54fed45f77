"""When to ask for insights again, and when what came is all there will be.

Insights come from pipelines of their own after the transcript, most within minutes; an empty array
may be final. Source: AskElephant's dialer integration guide, "Timing considerations".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from bridge.domain.call import Call, InsightsSummary
from bridge.domain.deadlines import insights_deadline, waited_in_state
from bridge.domain.events import InsightsFinal, InsightsRead
from bridge.domain.policy import Policy

Brought = Mapping[str, Any]
GROWTH = 1.5
LEAST = timedelta(seconds=1)
"""The first fetch may run at once. Later ones are at least this far apart.

A deadline nearer than this counts as passed. Each wait for a worker moves the deadline a little, so
a fetch due just before it would be followed by another one a millisecond later, without end.
"""

LEAST_CHECKS = 3
"""Fewest fetches of a call that had to wait for a hold or a worker."""

SOME_WAIT = timedelta(seconds=1)
"""A longer wait makes a call one that had to wait."""

ENGAGEMENT_KEY = "engagement_id"
"""The key of a stored document that names the engagement whose insights it holds."""


def labelled(insights: Brought, engagement_id: str) -> dict[str, Any]:
    """Return the document to store: the insights and the engagement that they belong to."""
    return {**insights, ENGAGEMENT_KEY: engagement_id}


def insights_of(document: Brought, engagement_id: str | None) -> dict[str, Any]:
    """Return the insights in a stored document; none if they are another engagement's.

    A document that names no engagement was stored by the version before. It is the call's.
    """
    if document.get(ENGAGEMENT_KEY, engagement_id) != engagement_id:
        return {}
    return {key: value for key, value in document.items() if key != ENGAGEMENT_KEY}


def merge_insights(known: Brought, brought: Brought) -> dict[str, Any]:
    """Return what is known after a fetch: newer values win, but empty never replaces filled."""
    return dict(known) | {
        key: value for key, value in brought.items() if value or not known.get(key)
    }


def next_insight_check(
    call: Call, known: Brought, now: datetime, jitter: float, policy: Policy
) -> InsightsRead | InsightsFinal:
    """Return the event that follows from a fetch: another check, or the end with its status."""
    is_early = waited_in_state(call, now) > SOME_WAIT and call.insights.checks + 1 < LEAST_CHECKS
    deadline = insights_deadline(call, now)
    is_over = deadline - now < LEAST and not is_early
    if is_over or all(known.get(key) for key in policy.insights_required):
        return last_insight_check(call, known, policy)
    summary = _summary(call, known)
    delay = (policy.insights_first_delay or LEAST) * GROWTH ** min(summary.checks, 30)
    wait = min(delay, policy.insights_max_delay) * (1 - jitter / 4)
    return InsightsRead(summary, next_at=now + wait if is_early else min(now + wait, deadline))


def last_insight_check(call: Call, known: Brought, policy: Policy) -> InsightsFinal:
    """Return the event that ends the fetches of a call, with the status of what is known."""
    status = _status([bool(known.get(key)) for key in policy.insights_required])
    return InsightsFinal(_summary(call, known).model_copy(update={"status": status}))


def _summary(call: Call, known: Brought) -> InsightsSummary:
    counts = {key: len(value) for key, value in known.items() if isinstance(value, list)}
    before = call.insights
    return InsightsSummary(counts=counts, checks=before.checks + 1, deadline=before.deadline)


def _status(filled: Sequence[bool]) -> Literal["all", "some", "none"]:
    if all(filled):
        return "all"
    return "some" if any(filled) else "none"
