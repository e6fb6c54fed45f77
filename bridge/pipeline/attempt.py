"""An attempt at a step that needs AskElephant: one worker per call, holds, request, plan."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

import structlog

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, Problem
from bridge.domain.retry import (
    CONCERNS,
    AwaitRecording,
    DropFields,
    DropOwner,
    Failure,
    GiveUp,
    HoldAll,
    Plan,
    RetryAt,
    Scope,
    Trouble,
    plan_retry,
)
from bridge.domain.steps import REQUEST_BUDGET, Step, is_due, next_step
from bridge.parts import Parts
from bridge.pipeline.record import record
from bridge.publisher import SWEEP
from bridge.store.hold import OUTAGE, SCOPE_MISSING, THROTTLED, Admitted, Cause, Hold, Row
from bridge.store.lease import Lease
from bridge.store.records import read_insights
from config.redaction import redact_text

log = structlog.get_logger(__name__)
PROOFS = frozenset({Trouble.REJECTED, Trouble.OWNER, Trouble.MEDIA, Trouble.FORBIDDEN})
"""Refusals that AskElephant made by its own response: they prove that it works, and our key."""

HOLD_REASONS: Mapping[Trouble, str] = {
    Trouble.TRANSIENT: OUTAGE,
    Trouble.FORBIDDEN: SCOPE_MISSING,
    Trouble.MISSING: OUTAGE,
}
"""The reason of the hold that several calls in a row start."""

ROWS: Mapping[Trouble, Row] = {
    Trouble.TRANSIENT: Row.OUTAGE,
    Trouble.FORBIDDEN: Row.SCOPE,
    Trouble.MISSING: Row.MISSING,
}


@dataclass(slots=True)
class Turn:
    """The right to work on a call that is due, while the lease lasts.

    ``call`` is as last saved, ``insights`` is what AskElephant brought for it so far, ``sent`` the
    request to submit it that has left in this turn.
    """

    call: Call
    lease: Lease
    insights: Mapping[str, Any]
    sent: Mapping[str, Any] | None = None


@contextmanager
def turn(parts: Parts, call_id: str, step: Step) -> Iterator[Turn | None]:
    """Yield the call if it is due for ``step`` and nobody else is at it.

    The call is read under the lease: a worker that had it before may just have finished the step.
    """
    with parts.leases.hold(call_id) as lease:
        record, insights = lease.found if lease else (None, None)
        call = parts.calls.read(call_id, record)
        if lease is None or call is None or not is_due(call, step, parts.now()):
            log.debug("step.not_due", step=step.name, leased=lease is not None)
            yield None
        else:
            yield Turn(call, lease, read_insights(insights))


def save(parts: Parts, at: Turn, event: e.Event) -> None:
    """Save what happened within the turn, which goes on."""
    at.call = record(parts, at.call, event, lease=at.lease)


def end(parts: Parts, at: Turn, event: e.Event, **beside: Any) -> Call:  # noqa: ANN401 - as of ``record``
    """Save what became of the turn, and give its lease back with that."""
    return record(parts, at.call, event, lease=at.lease, ends=True, **beside)


def ask(parts: Parts, at: Turn, request: Callable[[], Engagement | Failure]) -> Engagement | Call:
    """Return AskElephant's response, or the call as saved after a failure or under a hold."""
    step = next_step(at.call)
    name = step.name if step else ""
    admission = parts.holds.admit(parts.now(), name, at.call.call_id)
    if isinstance(admission, Hold):
        return _wait(parts, at, admission.reason, admission.next_at)
    if (refilled_at := parts.budget.spend()) is not None:
        return _wait(parts, at, REQUEST_BUDGET, refilled_at)
    response = request()
    if isinstance(response, Failure):
        return _after_failure(parts, at, response, admission)
    _served(parts, admission)
    return response


def _wait(parts: Parts, at: Turn, reason: str, until: datetime) -> Call:
    return end(parts, at, e.Deferred(reason, until, held=True))


def _served(parts: Parts, admission: Admitted, *, is_success: bool = True) -> None:
    for scope in parts.holds.served(admission, parts.now(), is_success=is_success):
        log.info("hold.released", scope=scope, by="probe" if admission.probe else "response")
        wake_sweep(parts, timedelta(0))


def _after_failure(parts: Parts, at: Turn, failure: Failure, admission: Admitted) -> Call:
    problem, call = failure.problem, at.call
    log.warning("request.failed", reason=problem.reason, status=problem.status,
                request_id=problem.request_id)  # fmt: skip
    now, jitter = parts.now(), parts.jitter()
    plan = plan_retry(failure, call, now, jitter, parts.policy, admission.throttles)
    if failure.trouble in PROOFS:
        is_success = failure.trouble is not Trouble.FORBIDDEN
        _served(parts, admission, is_success=is_success)
    is_news = _hold_for(parts, failure, plan, admission)
    if isinstance(plan, GiveUp):
        parts.holds.forget(call.call_id)
    hold = parts.holds.state(now, admission.step) if is_news or admission.probe else None
    if hold is not None:
        _announce(parts, hold, now, is_news=is_news)
    return end(parts, at, _event(plan, failure, hold, at.sent))


def _event(
    plan: Plan, failure: Failure, hold: Hold | None, sent: Mapping[str, Any] | None
) -> e.Event:
    """Return the event that follows from the plan."""
    problem = failure.problem
    match plan:
        case RetryAt() | HoldAll():
            return _deferred(plan, failure, hold)
        case DropOwner():
            return e.OwnerRefused(problem)
        case DropFields():
            return e.FieldsRefused(plan.fields, problem)
        case AwaitRecording():
            return e.RecordingAwaited(problem.reason, plan.at, problem)
        case GiveUp():
            return e.Failed(plan.reason, problem, sent)
        case _:
            assert_never(plan)


def _deferred(plan: RetryAt | HoldAll, failure: Failure, hold: Hold | None) -> e.Deferred:
    """Return the wait that follows; a retry under a hold waits for the hold to end."""
    problem, is_missing = failure.problem, failure.trouble is Trouble.MISSING
    if isinstance(plan, HoldAll):
        until = hold.next_at if hold is not None else plan.until
        return e.Deferred(problem.reason, until, held=True, problem=problem)
    if hold is None:
        return e.Deferred(problem.reason, plan.at, problem=problem, missing=is_missing)
    return e.Deferred(
        hold.reason, hold.next_at, held=True, problem=problem, failed=True, missing=is_missing
    )


def _hold_for(parts: Parts, failure: Failure, plan: Plan, admission: Admitted) -> bool:
    """Start or keep the hold that this failure calls for; return whether it is a new one."""
    problem, now, trouble = failure.problem, parts.now(), failure.trouble
    is_probe = admission.probe
    if isinstance(plan, HoldAll):
        until = plan.until if trouble is Trouble.THROTTLED else None
        return parts.holds.start(_cause(problem.reason, problem), now, until, is_probe=is_probe)
    concern = CONCERNS[trouble]
    if not concern.calls:
        return False
    in_row = parts.holds.failed(ROWS[trouble], admission)
    is_held = admission.is_probe_of(HOLD_REASONS[trouble])
    if in_row < concern.calls and not is_held:
        return False
    step = admission.step if concern.in_a_row is Scope.STEP else ""
    cause = _cause(HOLD_REASONS[trouble], problem)
    return parts.holds.start(cause, now, step=step, is_probe=is_probe)


def _cause(reason: str, problem: Problem) -> Cause:
    detail = f"{problem.reason}: {problem.detail}" if problem.detail else problem.reason
    return Cause(reason, problem.status, redact_text(detail))


def _announce(parts: Parts, hold: Hold, now: datetime, *, is_news: bool) -> None:
    """Log a hold that has started, and have the sweep run when its next request may leave."""
    if is_news:
        level = log.warning if hold.reason == THROTTLED else log.error
        scope, next_at = hold.step or "all", hold.next_at.isoformat()
        level("hold.started", reason=hold.reason, scope=scope, status=hold.status,
              until=hold.until.isoformat(), next_request_at=next_at)  # fmt: skip
    wake_sweep(parts, hold.next_at - now)


def wake_sweep(parts: Parts, wait: timedelta) -> None:
    """Run the sweep after ``wait``, so that held calls need not wait for its next interval."""
    if wait <= parts.policy.countdown_limit:
        parts.publisher.publish(SWEEP, countdown=max(0.0, wait.total_seconds()))
