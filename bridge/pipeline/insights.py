"""Fetches the insights of engagements until they are complete, and polls for transcripts."""

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
from bridge.pipeline.attempt import Attempt, Outcome, admit, begin, each, finish, settled
from bridge.pipeline.failure import after_failure, after_success
from bridge.reasons import Reason
from bridge.services import Services

PROOFS = ("transcript", "action_items", "signals")
"""Fields of an engagement. If one of them is not empty, its transcript is ready."""

INSIGHTS_PROPER = ("action_items", "signals")
PROCESSING_FAILED = "FAILED"
"""A ``processing_status`` for which AskElephant sends no webhook: https://docs.askelephant.ai/webhooks.
"""

log = structlog.get_logger(__name__)


def fetch(services: Services, call_ids: Sequence[str]) -> list[Call]:
    """Fetch the engagements of the calls that are due; return the saved calls.

    The phases are those of ``submit``: lease and read the calls, decide which requests may be sent,
    send the requests concurrently, and save the results of each group of responses on arrival.
    """
    with begin(services, INSIGHTS, call_ids) as attempts:
        admitted, held = admit(services, INSIGHTS, attempts)
        calls = finish(services, held)
        for group in services.elephant.read([one.call.engagement_id or "" for one in admitted]):
            responses = [(admitted[place], response) for place, response in group]
            outcomes = each(
                responses, lambda attempt, response: _settle(services, attempt, response)
            )
            calls += finish(services, outcomes)
    return calls


def _settle(services: Services, attempt: Attempt, response: Engagement | Failure) -> Outcome:
    """Return the outcome of a call from the response to its request.

    If the call has no transcript yet, AskElephant's webhook did not arrive in time. The response
    then shows whether the transcript is ready.
    """
    if isinstance(response, Failure):
        return after_failure(services, attempt, response)
    after_success(services, attempt.admission)
    call, now = attempt.call, services.now()
    if call.state is State.TRANSCRIBED:
        return _kept(services, call, attempt.insights, response)
    if response.processing_status == PROCESSING_FAILED and not _has_insights(response.insights):
        return _kept(services, call, attempt.insights, response)
    if response.processing_status == "COMPLETED" or any(map(response.insights.get, PROOFS)):
        log.warning(
            "askelephant.webhook_missing",
            call_id=call.call_id,
            engagement_id=response.id,
            detail="Polling found the transcript, and no webhook event came. Check the webhook.",
        )
        services.counters.saw("poll", now)
        ready = e.TranscriptReady(response.id, source="poll")
        transcribed = advance(call, ready, now, services.policy)
        kept = _kept(services, transcribed, attempt.insights, response)
        return Outcome((ready, *kept.events), kept.insights, ("transcripts.polled",))
    deadline = state_deadline(call, services.policy.transcript_deadline, now)
    if has_passed(deadline, now):
        return settled(e.TranscriptMissing())
    again = now + backoff(call.polls, services.jitter(), services.policy)
    return settled(e.TranscriptPending(min(again, deadline)))


def _kept(
    services: Services, call: Call, former: Mapping[str, Any], response: Engagement
) -> Outcome:
    """Return the outcome that stores the fetched insights; decide whether to fetch them again.

    The first fetch after a transcript or a replay replaces the insights that were stored before. If
    AskElephant's processing has failed, the insights from before the failure are kept. If there are
    none, the call fails.
    """
    engagement_id = call.engagement_id or ""
    stored = insights_of(former, engagement_id) if call.insights.checks else {}
    known = merge_insights(stored, response.insights)
    event: e.Event
    if response.processing_status != PROCESSING_FAILED:
        event = next_insight_check(call, known, services.now(), services.jitter(), services.policy)
    elif _has_insights(known):
        event = last_insight_check(call, known, services.policy)
    else:
        event = e.Failed(Reason.PROCESSING_FAILED)
    return settled(event, insights=labelled(known, engagement_id))


def _has_insights(insights: Mapping[str, Any]) -> bool:
    return any(insights.get(key) for key in INSIGHTS_PROPER)
