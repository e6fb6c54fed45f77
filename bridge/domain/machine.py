"""The state machine of a call: one table of state changes, and one function for each event.

Events can arrive late, twice and in the wrong order. A pair of state and event that is not in the
table is therefore not an error. It only adds ``event.ignored`` to the timeline.
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
from bridge.domain.recording import await_wavv, fetched_link, is_obtainable, is_overtaken
from bridge.domain.recording import link as known_link
from bridge.domain.reopen import adopted_engagement, is_engagement_proven
from bridge.domain.rules import skip_reason
from bridge.domain.timeline import EntryKind
from bridge.reasons import Reason

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
"""The next state for each pair of a state and an event. WAVV's events are in the table ``HEARD``.

``TranscriptReady`` can arrive before the response to the submission. The call then stays
``recorded`` until the response.
"""


def advance(call: Call, event: e.Event, now: datetime, policy: Policy) -> Call:
    """Return the call after ``event``. Never raises.

    An event that does not apply adds ``event.ignored`` to the timeline. The deadlines of the call
    move by the time in which the call waited for a hold or a worker: see ``deadlines``.
    """
    target = TABLE.get((call.state, type(event)))
    ready = event if isinstance(event, e.TranscriptReady) else None
    is_foreign = ready is not None and call.engagement_id not in {None, ready.engagement_id}
    if isinstance(event, e.CallHeard):
        after = hear(call, event, now, policy)
    elif target is None or is_foreign or is_overtaken(call, event):
        entry = getattr(event, "entry", None)
        after = note(call, now, EntryKind.EVENT_IGNORED, event=type(event).__name__, entry=entry)
    else:
        if call.state is S.FAILED and ready is not None:
            is_proven = is_engagement_proven(call, ready.engagement_id)
            entered = reopen(call, target, now) if is_proven else call
        else:
            entered = enter(call, target, now)
        after = EFFECTS[type(event)](entered, event, now, policy)
    return with_clocks(call, after, now)


def _deadline_passed(call: Call, _event: e.DeadlinePassed, now: datetime, policy: Policy) -> Call:
    if is_obtainable(call, policy):
        overdue = note(enter(call, S.RECORDED, now), now, EntryKind.RECORDING_OVERDUE)
        reason = Reason.RECORDING_MISSING if known_link(call) is None else None
        return overdue.but(due_at=now, reason=reason)
    is_lost = call.refused_events or call.metadata.recorded
    what = EntryKind.RECORDING_NOT_RECEIVED if is_lost else EntryKind.RECORDING_NOT_MADE
    return note(call, now, what).but(reason=unrecorded_reason(call))


def _recording_looked_for(
    call: Call, event: e.LinkFetched | e.RecordingAwaited, now: datetime, _policy: Policy
) -> Call:
    if isinstance(event, e.LinkFetched):
        expires = event.expires_at.isoformat() if event.expires_at else None
        linked = call.but(fetched_link=fetched_link(call, event, now))
        return note(linked, now, EntryKind.RECORDING_REFETCHED, expires_at=expires)
    problem = event.problem or call.problem
    waiting = call.but(
        reason=event.reason,
        due_at=event.at,
        looks=call.looks + 1,
        problem=problem,
        held=False,
        **RECOVERED,
    )
    details = {"reason": event.reason, "until": event.at.isoformat()}
    return note(waiting, now, EntryKind.RECORDING_AWAITED, **details, **_details(event.problem))


def _submission_started(
    call: Call, event: e.SubmissionStarted, now: datetime, policy: Policy
) -> Call:
    begun = call.but(
        external_id=event.external_id, external_url=event.external_url, attempts=call.attempts + 1
    )
    begun = note(
        begun,
        now,
        EntryKind.SUBMISSION_STARTED,
        attempt=begun.attempts,
        notes=list(event.notes) or None,
    )
    return separate(begun, now, policy)


def _submitted(call: Call, event: e.Submitted, now: datetime, policy: Policy) -> Call:
    stored = call.but(
        engagement_id=event.engagement_id,
        engagement_created=event.created,
        problem=None,
        due_at=now + policy.poll_after,
    )
    what = EntryKind.ENGAGEMENT_CREATED if event.created else EntryKind.ENGAGEMENT_EXISTED
    stored = note(stored, now, what, engagement_id=event.engagement_id, request_id=event.request_id)
    if call.transcript_engagement_id != event.engagement_id:
        return stored
    # AskElephant's event of the transcript arrived before this response, and is on the record.
    transcribed = enter(stored, State.TRANSCRIBED, now)
    return _await_insights(transcribed, policy.insights_first_delay, now, policy)


def _participants_refused(
    call: Call, event: e.OwnerRefused | e.FieldsRefused, now: datetime, _policy: Policy
) -> Call:
    """Submit the call again at once, without the owner or the fields that were rejected."""
    again = call.but(problem=event.problem, due_at=now, held=False)
    request_id = event.problem.request_id
    if isinstance(event, e.OwnerRefused):
        return note(
            again.but(owner_refused=True), now, EntryKind.OWNER_REFUSED, request_id=request_id
        )
    again = again.but(dropped=tuple(sorted({*call.dropped, *event.fields})))
    fields = list(event.fields)
    return note(again, now, EntryKind.PARTICIPANT_REFUSED, fields=fields, request_id=request_id)


def _transcript_ready(call: Call, event: e.TranscriptReady, now: datetime, policy: Policy) -> Call:
    noted = note(
        call.but(transcript_engagement_id=event.engagement_id),
        now,
        EntryKind.TRANSCRIPT_READY,
        engagement_id=event.engagement_id,
        source=event.source,
        entry=event.entry,
    )
    if call.state is not S.TRANSCRIBED:  # used at the response to the submission, or a replay
        return noted
    noted = noted.but(engagement_id=event.engagement_id)
    first = timedelta(0) if event.source == "poll" else policy.insights_first_delay
    return _await_insights(noted, first, now, policy)


def _await_insights(call: Call, first: timedelta, now: datetime, policy: Policy) -> Call:
    waiting = InsightsSummary(deadline=now + policy.insights_deadline)
    return call.but(insights=waiting, due_at=now + min(first, policy.insights_deadline))


def _transcript_polled(
    call: Call, event: e.TranscriptPending | e.TranscriptMissing, now: datetime, _policy: Policy
) -> Call:
    if isinstance(event, e.TranscriptMissing):
        reason = Reason.TRANSCRIPT_MISSING
        return note(call.but(reason=reason), now, EntryKind.CALL_FAILED, reason=reason)
    polled = call.but(
        reason=Reason.TRANSCRIPT_PENDING,
        due_at=event.next_at,
        polls=call.polls + 1,
        problem=None,
        held=False,
        **RECOVERED,
    )
    return note(polled, now, EntryKind.TRANSCRIPT_PENDING, next_at=event.next_at.isoformat())


def _insights_fetched(
    call: Call, event: e.InsightsRead | e.InsightsFinal, now: datetime, _policy: Policy
) -> Call:
    counts, status = event.summary.counts, event.summary.status
    fetched = call.but(insights=event.summary, problem=None)
    if isinstance(event, e.InsightsFinal):
        return note(fetched, now, EntryKind.INSIGHTS_FINAL, counts=counts, status=status)
    fetched = fetched.but(due_at=event.next_at, held=False, reason=None, **RECOVERED)
    return note(
        fetched, now, EntryKind.INSIGHTS_READ, counts=counts, next_at=event.next_at.isoformat()
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
        return waiting  # the same hold continues, and the timeline has an entry of it
    what = EntryKind.STEP_HELD if event.held else EntryKind.STEP_DEFERRED
    details = {"reason": event.reason, "until": event.at.isoformat()}
    return note(waiting, now, what, **details, **_details(event.problem))


def _details(problem: Problem | None) -> dict[str, Any]:
    return {"status": problem.status, "request_id": problem.request_id} if problem else {}


def _given_up(call: Call, event: e.Skipped | e.Failed, now: datetime, policy: Policy) -> Call:
    if isinstance(event, e.Skipped):
        skipped = call.but(reason=event.reason)
        return note(skipped, now, EntryKind.CALL_SKIPPED, reason=event.reason)
    sent = dict(event.request) if event.request else None
    failed = call.but(reason=event.reason, problem=event.problem or call.problem, request=sent)
    request_id = event.problem.request_id if event.problem else None
    failed = note(failed, now, EntryKind.CALL_FAILED, reason=event.reason, request_id=request_id)
    engagement_id = adopted_engagement(call, event.reason)
    if engagement_id is None:
        return failed
    found = reopen(failed, S.TRANSCRIBED, now).but(engagement_id=engagement_id)
    return _await_insights(found, policy.insights_first_delay, now, policy)


def _replayed(call: Call, event: e.Replayed, now: datetime, policy: Policy) -> Call:
    fresh = {"owner_refused": False, "problem": None, "request": None, "rules_overruled": True}
    again = call.but(insights=InsightsSummary(), dropped=(), attempts=0, polls=0, looks=0, **fresh)
    again = note(again, now, EntryKind.CALL_REPLAYED, by=event.by)
    if (reason := skip_reason(call.metadata, policy)) is not None:
        again = note(again, now, EntryKind.RULE_OVERRULED, reason=reason)
    waiting = await_wavv(again, now, policy)
    dues = [at for at in (waiting.due_at, event.at) if at is not None]
    return waiting.but(due_at=max(dues))


EFFECTS: Mapping[type[e.Event], Callable[[Call, Any, datetime, Policy], Call]] = {
    e.DeadlinePassed: _deadline_passed,
    e.LinkFetched: _recording_looked_for,
    e.RecordingAwaited: _recording_looked_for,
    e.SubmissionStarted: _submission_started,
    e.Submitted: _submitted,
    e.OwnerRefused: _participants_refused,
    e.FieldsRefused: _participants_refused,
    e.TranscriptReady: _transcript_ready,
    e.TranscriptPending: _transcript_polled,
    e.TranscriptMissing: _transcript_polled,
    e.InsightsRead: _insights_fetched,
    e.InsightsFinal: _insights_fetched,
    e.Deferred: _deferred,
    e.Skipped: _given_up,
    e.Failed: _given_up,
    e.Replayed: _replayed,
    e.EventRefused: hear_refusal,
    e.Noted: lambda call, event, now, _policy: note(call, now, event.what, entry=event.entry),
}
"""The function that applies each kind of event to a call, after ``TABLE`` has set its state."""
