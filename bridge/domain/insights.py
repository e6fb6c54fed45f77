"""When insights are fetched again, and when they are final.

AskElephant computes insights after the transcript, most within minutes, and an empty array may be
final: https://docs.askelephant.ai/dialer-integration, "Timing considerations".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.domain.call import Call, InsightsSummary
from bridge.domain.deadlines import insights_deadline, waited_in_state
from bridge.domain.events import InsightsFinal, InsightsRead
from bridge.domain.policy import Policy

Brought = Mapping[str, Any]
GROWTH = 1.5
LEAST = timedelta(seconds=1)
"""The shortest time between two fetches. The first fetch may run at once.

A deadline nearer than this counts as passed. Each wait for a worker moves the deadline a little.
Without the rule, a fetch just before the deadline would be followed by endless others, each a
millisecond later.
"""

LEAST_CHECKS = 3
"""The least number of fetches of a call that had to wait for a hold or a worker."""

SOME_WAIT = timedelta(seconds=1)
"""A call whose waits were longer than this had to wait, see ``LEAST_CHECKS``."""

ENGAGEMENT_KEY = "engagement_id"
"""The key in a stored document of insights that holds the id of their engagement."""


def labelled(insights: Brought, engagement_id: str) -> dict[str, Any]:
    """Return the document to store: the insights and the id of their engagement."""
    return {**insights, ENGAGEMENT_KEY: engagement_id}


def insights_of(document: Brought, engagement_id: str | None) -> dict[str, Any]:
    """Return the insights in a stored document, or none if they are another engagement's.

    An earlier version of the bridge stored documents without an engagement's id: they belong to the
    call's engagement.
    """
    if document.get(ENGAGEMENT_KEY, engagement_id) != engagement_id:
        return {}
    return {key: value for key, value in document.items() if key != ENGAGEMENT_KEY}


def merge_insights(known: Brought, brought: Brought) -> dict[str, Any]:
    """Return the insights after a fetch: a new value replaces an old one, unless it is empty."""
    return dict(known) | {
        key: value for key, value in brought.items() if value or not known.get(key)
    }


def next_insight_check(
    call: Call, known: Brought, now: datetime, jitter: float, policy: Policy
) -> InsightsRead | InsightsFinal:
    """Return the event that a fetch causes: the next fetch, or the end with its status."""
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
    """Return the event that ends the fetches of a call, with the status of its insights."""
    found = [bool(known.get(key)) for key in policy.insights_required]
    status = "all" if all(found) else "some" if any(found) else "none"
    return InsightsFinal(_summary(call, known).model_copy(update={"status": status}))


def _summary(call: Call, known: Brought) -> InsightsSummary:
    counts = {key: len(value) for key, value in known.items() if isinstance(value, list)}
    before = call.insights
    return InsightsSummary(counts=counts, checks=before.checks + 1, deadline=before.deadline)
