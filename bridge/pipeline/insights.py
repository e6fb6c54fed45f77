"""Fetching insights, with patience; and asking for the transcript when no webhook told of it."""

import structlog

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, State
from bridge.domain.insights import merge_insights, next_insight_check
from bridge.domain.retry import backoff
from bridge.domain.steps import INSIGHTS
from bridge.parts import Parts
from bridge.pipeline.attempt import Turn, ask, end, save, turn
from bridge.pipeline.newer import leaving_newer

PROOFS = ("transcript", "action_items", "signals")
"""What is only there once there is a transcript; an owner or a link is there from the start."""

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
    if answer.processing_status == "FAILED":  # no event tells of it: the vendor's reference
        return end(parts, at, e.Failed("processing_failed"))
    if at.call.state is State.TRANSCRIBED:
        return _keep(parts, at, answer)
    return _poll(parts, at, answer)


def _poll(parts: Parts, at: Turn, answer: Engagement) -> Call:
    """No transcript event came in time: see for ourselves whether there is a transcript."""
    call, now = at.call, parts.now()
    if answer.processing_status == "COMPLETED" or any(answer.insights.get(key) for key in PROOFS):
        log.warning("webhook.silent", engagement_id=answer.id)
        parts.counters.saw("poll", now)
        parts.counters.count("transcripts.polled")
        save(parts, at, e.TranscriptReady(answer.id, source="poll"))
        return _keep(parts, at, answer)
    if now - call.state_since >= parts.policy.transcript_deadline:
        return end(parts, at, e.TranscriptMissing())
    again = now + backoff(call.polls, parts.jitter(), parts.policy)
    return end(parts, at, e.TranscriptPending(again))


def _keep(parts: Parts, at: Turn, answer: Engagement) -> Call:
    """Save what the fetch brought, and decide whether to fetch again."""
    known = merge_insights(at.insights, answer.insights)
    event = next_insight_check(at.call, known, parts.now(), parts.jitter(), parts.policy)
    return end(parts, at, event, insights=known)
