"""The state machine: one table of where each event leads, and what it writes on the record.

A pair that is not in the table is noted on the timeline as ignored: events come late, twice and in
the wrong order, and none of that is an error.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.domain import events as e
from bridge.domain.call import Call, InsightsSummary, Problem, State
from bridge.domain.changes import RECOVERED, enter, note, reopen
from bridge.domain.deadlines import with_clocks
from bridge.domain.extras import separate
from bridge.domain.hearing import hear, hear_refusal, unrecorded_reason
from bridge.domain.policy import Policy
from bridge.domain.recording import MISSING, await_wavv, fetched_link, is_obtainable, is_overtaken
from bridge.domain.recording import link as known_link
from bridge.domain.reopen import adopted_engagement, is_engagement_proven
from bridge.domain.rules import skip_reason

S = State

TABLE: Mapping[tuple[State, type[e.Event]], State] = {
    (S.LIVE, e.DeadlinePassed): S.UNRECORDED,
    (S.ENDED, e.DeadlinePassed): S.UNRECORDED,
    (S.RECORDED, e.LinkFetched): S.RECORDED,
    (S.RECORDED, e.RecordingAwaited): S.RECORDED,
    (S.RECORDED, e.SubmissionStarted): S.RECORDED,
    (S.RECORDED, e.OwnerRefused): S.RECORDED,
    (S.RECORDED, e.FieldsRefused): S.RECORDED,
    (S.RECORDED, e.Deferred): S.RECORDED,
    (S.RECORDED, e.TranscriptReady): S.RECORDED,
    (S.RECORDED, e.Submitted): S.SUBMITTED,
    (S.RECORDED, e.Skipped): S.SKIPPED,
    (S.RECORDED, e.Failed): S.FAILED,
    (S.SUBMITTED, e.Deferred): S.SUBMITTED,
    (S.SUBMITTED, e.TranscriptReady): S.TRANSCRIBED,
    (S.SUBMITTED, e.TranscriptPending): S.SUBMITTED,
    (S.SUBMITTED, e.TranscriptMissing): S.FAILED,
    (S.SUBMITTED, e.Failed): S.FAILED,
    (S.TRANSCRIBED, e.Deferred): S.TRANSCRIBED,
    (S.TRANSCRIBED, e.InsightsRead): S.TRANSCRIBED,
    (S.TRANSCRIBED, e.InsightsFinal): S.COMPLETE,
    (S.TRANSCRIBED, e.Failed): S.FAILED,
    (S.COMPLETE, e.Replayed): S.RECORDED,
    (S.SKIPPED, e.Replayed): S.RECORDED,
    (S.FAILED, e.Replayed): S.RECORDED,
    (S.FAILED, e.TranscriptReady): S.TRANSCRIBED,
} | {(state, kind): state for state in State for kind in (e.EventRefused, e.Noted)}
"""Where all else leads. A transcript ready while ``recorded`` waits for the POST's response."""


def advance(call: Call, event: e.Event, now: datetime, policy: Policy) -> Call:
    """Return the call after ``event``. Never raises; what does not apply is noted as ignored.

    Its clocks leave out the time in which it waited: see ``deadlines``.
    """
    return with_clocks(call, _advance(call, event, now, policy), now)


def _advance(call: Call, event: e.Event, now: datetime, policy: Policy) -> Call:
    if isinstance(event, e.CallHeard):
        return hear(call, event, now, policy)
    target = TABLE.get((call.state, type(event)))
    if target is None or _is_of_another(call, event) or is_overtaken(call, event):
        entry = getattr(event, "entry", None)
        return note(call, now, "event.ignored", event=type(event).__name__, entry=entry)
    if call.state is S.FAILED and isinstance(event, e.TranscriptReady):
        is_proven = is_engagement_proven(call, event.engagement_id)
        call = reopen(call, target, now) if is_proven else call
    else:
        call = enter(call, target, now)
    return EFFECTS[type(event)](call, event, now, policy)


def _is_of_another(call: Call, event: e.Event) -> bool:
    """Tell whether a transcript is of an engagement that is not this call's."""
    if not isinstance(event, e.TranscriptReady):
        return False
    return call.engagement_id not in {None, event.engagement_id}


def _deadline_passed(call: Call, _event: e.DeadlinePassed, now: datetime, policy: Policy) -> Call:
    if is_obtainable(call, policy):
        overdue = note(enter(call, S.RECORDED, now), now, "recording.overdue")
        return overdue.but(due_at=now, reason=MISSING if known_link(call) is None else None)
    is_lost = call.refused_events or call.metadata.recorded
    what = "recording.not_received" if is_lost else "recording.not_made"
    return note(call, now, what).but(reason=unrecorded_reason(call))


def _link_fetched(call: Call, event: e.LinkFetched, now: datetime, _policy: Policy) -> Call:
    expires = event.expires_at.isoformat() if event.expires_at else None
    linked = call.but(fetched_link=fetched_link(call, event, now))
    return note(linked, now, "recording.refetched", expires_at=expires)


def _recording_awaited(
    call: Call, event: e.RecordingAwaited, now: datetime, _policy: Policy
) -> Call:
    asked = {"due_at": event.at, "looks": call.looks + 1} | RECOVERED
    problem = event.problem or call.problem
    waiting = call.but(reason=event.reason, held=False, problem=problem, **asked)
    details = {"reason": event.reason, "until": event.at.isoformat()}
    return note(waiting, now, "recording.awaited", **details, **_told_by(event.problem))


def _submission_started(
    call: Call, event: e.SubmissionStarted, now: datetime, policy: Policy
) -> Call:
    begun = call.but(
        external_id=event.external_id, external_url=event.external_url, attempts=call.attempts + 1
    )
    begun = note(
        begun, now, "submission.started", attempt=begun.attempts, notes=list(event.notes) or None
    )
    return separate(begun, now, policy)


def _submitted(call: Call, event: e.Submitted, now: datetime, policy: Policy) -> Call:
    stored = call.but(
        engagement_id=event.engagement_id,
        engagement_created=event.created,
        problem=None,
        due_at=now + policy.poll_after,
    )
    what = "engagement.created" if event.created else "engagement.existed"
    stored = note(stored, now, what, engagement_id=event.engagement_id, request_id=event.request_id)
    if call.transcript_engagement_id != event.engagement_id:
        return stored
    # The transcript was heard of before this answer, and has waited on the call.
    heard = enter(stored, State.TRANSCRIBED, now)
    return _await_insights(heard, policy.insights_first_delay, now, policy)


def _owner_refused(call: Call, event: e.OwnerRefused, now: datetime, _policy: Policy) -> Call:
    ownerless = call.but(owner_refused=True, problem=event.problem, due_at=now, held=False)
    return note(ownerless, now, "owner.refused", request_id=event.problem.request_id)


def _fields_refused(call: Call, event: e.FieldsRefused, now: datetime, _policy: Policy) -> Call:
    dropped = tuple(sorted({*call.dropped, *event.fields}))
    without = call.but(dropped=dropped, problem=event.problem, due_at=now, held=False)
    details = {"fields": list(event.fields), "request_id": event.problem.request_id}
    return note(without, now, "participant.refused", **details)


def _transcript_ready(call: Call, event: e.TranscriptReady, now: datetime, policy: Policy) -> Call:
    noted = note(
        call.but(transcript_engagement_id=event.engagement_id),
        now,
        "transcript.ready",
        engagement_id=event.engagement_id,
        source=event.source,
        entry=event.entry,
    )
    if call.state is not S.TRANSCRIBED:  # remembered for the response, or for a replay
        return noted
    noted = noted.but(engagement_id=event.engagement_id)
    first = timedelta(0) if event.source == "poll" else policy.insights_first_delay
    return _await_insights(noted, first, now, policy)


def _await_insights(call: Call, first: timedelta, now: datetime, policy: Policy) -> Call:
    waiting = InsightsSummary(deadline=now + policy.insights_deadline)
    return call.but(insights=waiting, due_at=now + min(first, policy.insights_deadline))


def _transcript_pending(
    call: Call, event: e.TranscriptPending, now: datetime, _policy: Policy
) -> Call:
    asked = call.but(
        reason="transcript_pending",
        due_at=event.next_at,
        polls=call.polls + 1,
        problem=None,
        held=False,
        **RECOVERED,
    )
    return note(asked, now, "transcript.pending", next_at=event.next_at.isoformat())


def _transcript_missing(
    call: Call, _event: e.TranscriptMissing, now: datetime, _policy: Policy
) -> Call:
    reason = "transcript_missing"
    return note(call.but(reason=reason), now, "call.failed", reason=reason)


def _insights_read(call: Call, event: e.InsightsRead, now: datetime, _policy: Policy) -> Call:
    read = call.but(
        insights=event.summary,
        due_at=event.next_at,
        problem=None,
        held=False,
        reason=None,
        **RECOVERED,
    )
    return note(
        read, now, "insights.read", counts=event.summary.counts, next_at=event.next_at.isoformat()
    )


def _insights_final(call: Call, event: e.InsightsFinal, now: datetime, _policy: Policy) -> Call:
    final = call.but(insights=event.summary, problem=None)
    return note(
        final, now, "insights.final", counts=event.summary.counts, status=event.summary.status
    )


def _deferred(call: Call, event: e.Deferred, now: datetime, _policy: Policy) -> Call:
    is_failure = event.failed or not event.held
    waiting = call.but(
        reason=event.reason,
        due_at=event.at,
        held=event.held,
        failures=call.failures + is_failure,
        failing_since=call.failing_since or now if is_failure else call.failing_since,
        missing=call.missing + event.missing,
        missing_since=call.missing_since or now if event.missing else call.missing_since,
        problem=event.problem or call.problem,
    )
    if call.held and not is_failure and call.reason == event.reason:
        return waiting  # still held: the timeline has the entry
    what = "step.held" if event.held else "step.deferred"
    details = {"reason": event.reason, "until": event.at.isoformat()}
    return note(waiting, now, what, **details, **_told_by(event.problem))


def _told_by(problem: Problem | None) -> dict[str, Any]:
    return {"status": problem.status, "request_id": problem.request_id} if problem else {}


def _skipped(call: Call, event: e.Skipped, now: datetime, _policy: Policy) -> Call:
    return note(call.but(reason=event.reason), now, "call.skipped", reason=event.reason)


def _failed(call: Call, event: e.Failed, now: datetime, policy: Policy) -> Call:
    sent = dict(event.request) if event.request else None
    dead = call.but(reason=event.reason, problem=event.problem or call.problem, request=sent)
    request_id = event.problem.request_id if event.problem else None
    dead = note(dead, now, "call.failed", reason=event.reason, request_id=request_id)
    engagement_id = adopted_engagement(call, event.reason)
    if engagement_id is None:
        return dead
    found = reopen(dead, S.TRANSCRIBED, now).but(engagement_id=engagement_id)
    return _await_insights(found, policy.insights_first_delay, now, policy)


def _replayed(call: Call, event: e.Replayed, now: datetime, policy: Policy) -> Call:
    fresh = {"owner_refused": False, "problem": None, "request": None, "rules_overruled": True}
    again = call.but(insights=InsightsSummary(), dropped=(), attempts=0, polls=0, looks=0, **fresh)
    again = note(again, now, "call.replayed")
    if (reason := skip_reason(call.metadata, policy)) is not None:
        again = note(again, now, "rule.overruled", reason=reason)
    waiting = await_wavv(again, now, policy)
    dues = [at for at in (waiting.due_at, event.at) if at is not None]
    return waiting.but(due_at=max(dues))


def _noted(call: Call, event: e.Noted, now: datetime, _policy: Policy) -> Call:
    return note(call, now, event.what, entry=event.entry)


EFFECTS: Mapping[type[e.Event], Callable[[Call, Any, datetime, Policy], Call]] = {
    e.DeadlinePassed: _deadline_passed,
    e.LinkFetched: _link_fetched,
    e.RecordingAwaited: _recording_awaited,
    e.SubmissionStarted: _submission_started,
    e.Submitted: _submitted,
    e.OwnerRefused: _owner_refused,
    e.FieldsRefused: _fields_refused,
    e.TranscriptReady: _transcript_ready,
    e.TranscriptPending: _transcript_pending,
    e.TranscriptMissing: _transcript_missing,
    e.InsightsRead: _insights_read,
    e.InsightsFinal: _insights_final,
    e.Deferred: _deferred,
    e.Skipped: _skipped,
    e.Failed: _failed,
    e.Replayed: _replayed,
    e.EventRefused: hear_refusal,
    e.Noted: _noted,
}
