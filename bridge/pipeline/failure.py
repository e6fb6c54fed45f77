"""What follows a failed request to AskElephant.

The call is retried or fails, and a hold (a pause of the requests of all calls) may start.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from bridge.broker.publisher import SWEEP
from bridge.domain import events as e
from bridge.domain.call import Problem
from bridge.domain.causes import CAUSES
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
from bridge.pipeline.attempt import Attempt, Outcome, settled
from bridge.reasons import Reason
from bridge.services import Services
from bridge.store.hold import Admitted, Cause, Hold, Row
from config.redaction import redact_text

log = structlog.get_logger(__name__)
PROOFS = frozenset({Trouble.REJECTED, Trouble.OWNER, Trouble.MEDIA, Trouble.FORBIDDEN})
"""Failures which prove that AskElephant works and has accepted the API key."""

HOLD_REASONS: Mapping[Trouble, Reason] = {
    Trouble.TRANSIENT: Reason.OUTAGE,
    Trouble.FORBIDDEN: Reason.SCOPE_MISSING,
    Trouble.MISSING: Reason.OUTAGE,
}
"""The reason of the hold that starts when several calls in a row have this kind of failure."""

CONSEQUENCES: Mapping[type[Plan], str] = {
    RetryAt: "The request is sent again later.",
    HoldAll: "The call waits until the hold ends.",
    DropOwner: "The call is submitted again without an owner.",
    DropFields: "The call is submitted again without the rejected fields.",
    AwaitRecording: "The call waits for its recording.",
    GiveUp: "The call has failed. Run bridge why with its id.",
}
"""What happens next to the call of a failed request, for the log."""

ROWS: Mapping[Trouble, Row] = {
    Trouble.TRANSIENT: Row.OUTAGE,
    Trouble.FORBIDDEN: Row.SCOPE,
    Trouble.MISSING: Row.MISSING,
}


def after_success(services: Services, admission: Admitted) -> None:
    """Record that AskElephant served a request. This may end holds of requests."""
    _record_success(services, admission, proves_step=True)


def after_failure(services: Services, attempt: Attempt, failure: Failure) -> Outcome:
    """Return the outcome of a failed request; start or extend a hold if the failure requires one.

    A new hold is logged, and a sweep is scheduled for when its next trial request may be sent.
    """
    problem, call, admission = failure.problem, attempt.call, attempt.admission
    now, jitter = services.now(), services.jitter()
    plan = plan_retry(failure, call, now, jitter, services.policy, admission.throttles)
    log.warning("request.failed", call_id=call.call_id, step=admission.step, reason=problem.reason,
                status=problem.status, request_id=problem.request_id,
                detail=CONSEQUENCES[type(plan)])  # fmt: skip
    if failure.trouble in PROOFS:
        proves_step = failure.trouble is not Trouble.FORBIDDEN
        _record_success(services, admission, proves_step=proves_step)
    is_news = _hold_for(services, failure, plan, admission)
    if isinstance(plan, GiveUp):
        services.holds.forget(call.call_id)
    hold = services.holds.state(now, admission.step) if is_news or admission.probe else None
    if hold is not None:
        if is_news:
            todo = CAUSES[Reason(hold.reason)].waiting if hold.reason in CAUSES else None
            level = log.warning if hold.reason == Reason.THROTTLED else log.error
            level("hold.started", reason=hold.reason, scope=hold.step or "all", status=hold.status,
                  until=hold.until.isoformat(),
                  next_request_at=hold.next_at.isoformat(), detail=todo)  # fmt: skip
        wake_sweep(services, hold.next_at - now)
    return settled(_event(plan, failure, hold, attempt))


def wake_sweep(services: Services, wait: timedelta) -> None:
    """Publish a sweep that runs after ``wait``.

    If ``wait`` is longer than a countdown may be, nothing is published: a routine sweep runs then.
    """
    if wait <= services.policy.countdown_limit:
        services.publisher.publish(SWEEP, countdown=max(0.0, wait.total_seconds()))


def _record_success(services: Services, admission: Admitted, *, proves_step: bool) -> None:
    for scope in services.holds.record_success(admission, services.now(), proves_step=proves_step):
        log.info("hold.released", scope=scope, by="probe" if admission.probe else "response")
        wake_sweep(services, timedelta(0))


def _event(plan: Plan, failure: Failure, hold: Hold | None, attempt: Attempt) -> e.Event:
    """Return the event that applies the plan to the call.

    If there is a hold, a retry waits for the end of the hold.
    """
    problem, is_missing = failure.problem, failure.trouble is Trouble.MISSING
    match plan:
        case HoldAll():
            until = hold.next_at if hold is not None else plan.until
            return e.Deferred(problem.reason, until, held=True, problem=problem)
        case RetryAt():
            retry = e.Deferred(problem.reason, plan.at, problem=problem, missing=is_missing)
            if hold is not None:
                retry = replace(retry, reason=hold.reason, at=hold.next_at, held=True, failed=True)
            return retry
        case DropOwner():
            return e.OwnerRefused(problem)
        case DropFields():
            return e.FieldsRefused(plan.fields, problem)
        case AwaitRecording():
            return e.RecordingAwaited(problem.reason, plan.at, problem)
        case GiveUp():
            return e.Failed(plan.reason, problem, attempt.sent)
        case _:
            assert_never(plan)


def _hold_for(services: Services, failure: Failure, plan: Plan, admission: Admitted) -> bool:
    """Start or extend the hold that this failure requires; return whether the hold is new.

    Returns false if the failure requires no hold.
    """
    problem, now, trouble = failure.problem, services.now(), failure.trouble
    is_probe = admission.probe
    if isinstance(plan, HoldAll):
        until = plan.until if trouble is Trouble.THROTTLED else None
        return services.holds.start(_cause(problem.reason, problem), now, until, is_probe=is_probe)
    concern = CONCERNS[trouble]
    if not concern.calls:
        return False
    in_row = services.holds.record_failure(ROWS[trouble], admission)
    is_held = admission.is_probe_of(HOLD_REASONS[trouble])
    if in_row < concern.calls and not is_held:
        return False
    step = admission.step if concern.in_a_row is Scope.STEP else ""
    cause = _cause(HOLD_REASONS[trouble], problem)
    return services.holds.start(cause, now, step=step, is_probe=is_probe)


def _cause(reason: str, problem: Problem) -> Cause:
    detail = f"{problem.reason}: {problem.detail}" if problem.detail else problem.reason
    return Cause(reason, problem.status, redact_text(detail))
