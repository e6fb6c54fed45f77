"""Fetching insights until they are there, and polling when no transcript event came."""

from collections.abc import Mapping
from typing import Any

import structlog

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, State
from bridge.domain.deadlines import has_passed, state_deadline
from bridge.domain.insights import (
    insights_of,
    labelled,
    last_insight_check,
    merge_insights,
    next_insight_check,
)
from bridge.domain.retry import backoff
from bridge.domain.steps import INSIGHTS
from bridge.parts import Parts
from bridge.pipeline.attempt import Turn, ask, end, save, turn
from bridge.pipeline.newer import leaving_newer

PROOFS = ("transcript", "action_items", "signals")
"""What is only there once there is a transcript; an owner or a link is there from the start."""

INSIGHTS_PROPER = ("action_items", "signals")
PROCESSING_FAILED = "FAILED"
"""A ``processing_status`` that no webhook event reports: AskElephant's reference of engagements."""

log = structlog.get_logger(__name__)


@leaving_newer()
def fetch(parts: Parts, call_id: str) -> Call | None:
    """Fetch if it is due; return the call as saved, or ``None`` when it was not our turn."""
    with turn(parts, call_id, INSIGHTS) as at:
        return None if at is None else _fetch(parts, at)


def _fetch(parts: Parts, at: Turn) -> Call:
    engagement_id = at.call.engagement_id or ""
    answer = ask(parts, at, lambda: parts.elephant.read(engagement_id))
    if isinstance(answer, Call):
        return answer
    if at.call.state is State.TRANSCRIBED:
        return _keep(parts, at, answer)
    return _poll(parts, at, answer)


def _poll(parts: Parts, at: Turn, answer: Engagement) -> Call:
    """Look for a transcript whose event did not come in time."""
    call, now = at.call, parts.now()
    if answer.processing_status == PROCESSING_FAILED and not _has_insights(answer.insights):
        return _keep(parts, at, answer)
    if answer.processing_status == "COMPLETED" or any(answer.insights.get(key) for key in PROOFS):
        log.warning("webhook.silent", engagement_id=answer.id)
        parts.counters.saw("poll", now)
        parts.counters.count("transcripts.polled")
        save(parts, at, e.TranscriptReady(answer.id, source="poll"))
        return _keep(parts, at, answer)
    deadline = state_deadline(call, parts.policy.transcript_deadline, now)
    if has_passed(deadline, now):
        return end(parts, at, e.TranscriptMissing())
    again = now + backoff(call.polls, parts.jitter(), parts.policy)
    return end(parts, at, e.TranscriptPending(min(again, deadline)))


def _keep(parts: Parts, at: Turn, answer: Engagement) -> Call:
    """Save the insights of the response, and decide whether to fetch again.

    The first fetch since the transcript, or since a replay, replaces what earlier rounds stored:
    old insights do not count as fresh. No event reports ``FAILED``; what came before it counts.
    """
    engagement_id = at.call.engagement_id or ""
    stored = insights_of(at.insights, engagement_id) if at.call.insights.checks else {}
    known = merge_insights(stored, answer.insights)
    event: e.Event
    if answer.processing_status != PROCESSING_FAILED:
        event = next_insight_check(at.call, known, parts.now(), parts.jitter(), parts.policy)
    elif _has_insights(known):
        event = last_insight_check(at.call, known, parts.policy)
    else:
        event = e.Failed("processing_failed")
    return end(parts, at, event, insights=labelled(known, engagement_id))


def _has_insights(insights: Mapping[str, Any]) -> bool:
    return any(insights.get(key) for key in INSIGHTS_PROPER)
