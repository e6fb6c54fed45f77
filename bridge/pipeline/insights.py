"""Fetching insights until they are there, and polling when no transcript event came."""

from collections.abc import Mapping, Sequence
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
from bridge.domain.machine import advance
from bridge.domain.retry import Failure, backoff
from bridge.domain.steps import INSIGHTS
from bridge.parts import Parts
from bridge.pipeline.attempt import Attempt, Outcome, admit, begin, each, finish, settled
from bridge.pipeline.failure import after_failure, after_success

PROOFS = ("transcript", "action_items", "signals")
"""What is only there once there is a transcript; an owner or a link is there from the start."""

INSIGHTS_PROPER = ("action_items", "signals")
PROCESSING_FAILED = "FAILED"
"""A ``processing_status`` that no webhook event reports: AskElephant's reference of engagements."""

log = structlog.get_logger(__name__)


def fetch(parts: Parts, call_ids: Sequence[str]) -> list[Call]:
    """Fetch the insights of those of the calls that are due; return the calls as saved.

    The phases are those of ``submit``: lease and read, admit, send side by side, settle each group
    of responses as it comes.
    """
    with begin(parts, INSIGHTS, call_ids) as attempts:
        admitted, held = admit(parts, INSIGHTS, attempts)
        calls = finish(parts, held)
        for group in parts.elephant.read([one.call.engagement_id or "" for one in admitted]):
            responses = [(admitted[place], response) for place, response in group]
            outcomes = each(responses, lambda attempt, response: _settle(parts, attempt, response))
            calls += finish(parts, outcomes)
    return calls


def _settle(parts: Parts, attempt: Attempt, response: Engagement | Failure) -> Outcome:
    """Return what becomes of a call whose response is there."""
    if isinstance(response, Failure):
        return after_failure(parts, attempt, response)
    after_success(parts, attempt.admission)
    if attempt.call.state is State.TRANSCRIBED:
        return _kept(parts, attempt.call, attempt.insights, response)
    return _polled(parts, attempt, response)


def _polled(parts: Parts, attempt: Attempt, response: Engagement) -> Outcome:
    """Look for a transcript whose event did not come in time."""
    call, now = attempt.call, parts.now()
    if response.processing_status == PROCESSING_FAILED and not _has_insights(response.insights):
        return _kept(parts, call, attempt.insights, response)
    if response.processing_status == "COMPLETED" or any(map(response.insights.get, PROOFS)):
        log.warning("webhook.silent", call_id=call.call_id, engagement_id=response.id)
        parts.counters.saw("poll", now)
        ready = e.TranscriptReady(response.id, source="poll")
        transcribed = advance(call, ready, now, parts.policy)
        kept = _kept(parts, transcribed, attempt.insights, response)
        return Outcome((ready, *kept.events), kept.insights, ("transcripts.polled",))
    deadline = state_deadline(call, parts.policy.transcript_deadline, now)
    if has_passed(deadline, now):
        return settled(e.TranscriptMissing())
    again = now + backoff(call.polls, parts.jitter(), parts.policy)
    return settled(e.TranscriptPending(min(again, deadline)))


def _kept(parts: Parts, call: Call, former: Mapping[str, Any], response: Engagement) -> Outcome:
    """Keep the insights of the response, and decide whether to fetch again.

    The first fetch since the transcript, or since a replay, replaces what earlier rounds stored:
    old insights do not count as fresh. No event reports ``FAILED``; what came before it counts.
    """
    engagement_id = call.engagement_id or ""
    stored = insights_of(former, engagement_id) if call.insights.checks else {}
    known = merge_insights(stored, response.insights)
    event: e.Event
    if response.processing_status != PROCESSING_FAILED:
        event = next_insight_check(call, known, parts.now(), parts.jitter(), parts.policy)
    elif _has_insights(known):
        event = last_insight_check(call, known, parts.policy)
    else:
        event = e.Failed("processing_failed")
    return settled(event, insights=labelled(known, engagement_id))


def _has_insights(insights: Mapping[str, Any]) -> bool:
    return any(insights.get(key) for key in INSIGHTS_PROPER)
