"""Decides when the insights of a call are fetched again, and when they are final.

AskElephant computes insights after the transcript, most of them within minutes. An empty array may
be final: https://docs.askelephant.ai/dialer-integration, "Timing considerations".
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
"""The shortest time between two fetches of insights. The first fetch may run at once.

A deadline that is less than this away counts as passed. Each wait for a worker moves the deadline a
little. Without this rule, a fetch just before the deadline would be followed by endless fetches,
each a millisecond after the last one.
"""

LEAST_CHECKS = 3
"""The least number of fetches for a call that waited for a hold or a worker.

Other calls may have fewer fetches before their deadline.
"""

SOME_WAIT = timedelta(seconds=1)
"""``LEAST_CHECKS`` applies to a call whose waits were longer than this."""

ENGAGEMENT_KEY = "engagement_id"
"""The field of a stored document of insights that holds the id of the engagement."""


def labelled(insights: Brought, engagement_id: str) -> dict[str, Any]:
    """Return the document to store: the insights, with the id of their engagement."""
    return {**insights, ENGAGEMENT_KEY: engagement_id}


def insights_of(document: Brought, engagement_id: str | None) -> dict[str, Any]:
    """Return the insights in a stored document, or ``{}`` if they belong to another engagement.

    A document without the id of an engagement comes from an earlier version of the bridge, and
    belongs to the engagement ``engagement_id``.
    """
    if document.get(ENGAGEMENT_KEY, engagement_id) != engagement_id:
        return {}
    return {key: value for key, value in document.items() if key != ENGAGEMENT_KEY}


def merge_insights(known: Brought, brought: Brought) -> dict[str, Any]:
    """Return the known insights, updated with the fetched ones (``brought``).

    An empty fetched value does not replace a known value.
    """
    return dict(known) | {
        key: value for key, value in brought.items() if value or not known.get(key)
    }


def next_insight_check(
    call: Call, known: Brought, now: datetime, jitter: float, policy: Policy
) -> InsightsRead | InsightsFinal:
    """Return the event after a fetch of insights: ``InsightsRead`` if another fetch follows.

    ``InsightsFinal`` is returned if all required insights are in ``known``, or if the deadline has
    passed. ``known`` includes the fetched insights. ``jitter`` is a random number of 0 to 1.
    """
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
    """Return the event after the last fetch of insights, with their status.

    The status is ``all``, ``some`` or ``none``: how many of the required kinds were found.
    """
    found = [bool(known.get(key)) for key in policy.insights_required]
    status = "all" if all(found) else "some" if any(found) else "none"
    return InsightsFinal(_summary(call, known).model_copy(update={"status": status}))


def _summary(call: Call, known: Brought) -> InsightsSummary:
    counts = {key: len(value) for key, value in known.items() if isinstance(value, list)}
    before = call.insights
    return InsightsSummary(counts=counts, checks=before.checks + 1, deadline=before.deadline)
