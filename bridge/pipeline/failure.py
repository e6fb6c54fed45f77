"""What a failed request means: for its call the wait or the end, for the others perhaps a hold."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bridge.broker.publisher import SWEEP
from bridge.domain import events as e
from bridge.domain.call import Problem
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
from bridge.services import Services
from bridge.store.hold import OUTAGE, SCOPE_MISSING, THROTTLED, Admitted, Cause, Hold, Row
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


def after_success(services: Services, admission: Admitted) -> None:
    """Note that AskElephant served a request, which may release holds."""
    _record_success(services, admission, proves_step=True)


def after_failure(services: Services, attempt: Attempt, failure: Failure) -> Outcome:
    """Return what follows for the call, and start or keep the hold that the failure calls for."""
    problem, call, admission = failure.problem, attempt.call, attempt.admission
    log.warning("request.failed", call_id=call.call_id, reason=problem.reason,
                status=problem.status, request_id=problem.request_id)  # fmt: skip
    now, jitter = services.now(), services.jitter()
    plan = plan_retry(failure, call, now, jitter, services.policy, admission.throttles)
    if failure.trouble in PROOFS:
        proves_step = failure.trouble is not Trouble.FORBIDDEN
        _record_success(services, admission, proves_step=proves_step)
    is_news = _hold_for(services, failure, plan, admission)
    if isinstance(plan, GiveUp):
        services.holds.forget(call.call_id)
    hold = services.holds.state(now, admission.step) if is_news or admission.probe else None
    if hold is not None:
        _announce(services, hold, now, is_news=is_news)
    return settled(_event(plan, failure, hold, attempt))


def wake_sweep(services: Services, wait: timedelta) -> None:
    """Run the sweep after ``wait``, so that held calls need not wait for its next interval."""
    if wait <= services.policy.countdown_limit:
        services.publisher.publish(SWEEP, countdown=max(0.0, wait.total_seconds()))


def _record_success(services: Services, admission: Admitted, *, proves_step: bool) -> None:
    for scope in services.holds.record_success(admission, services.now(), proves_step=proves_step):
        log.info("hold.released", scope=scope, by="probe" if admission.probe else "response")
        wake_sweep(services, timedelta(0))


def _event(plan: Plan, failure: Failure, hold: Hold | None, attempt: Attempt) -> e.Event:
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
            return e.Failed(plan.reason, problem, attempt.sent)
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


def _hold_for(services: Services, failure: Failure, plan: Plan, admission: Admitted) -> bool:
    """Start or keep the hold that this failure calls for; return whether it is a new one."""
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


def _announce(services: Services, hold: Hold, now: datetime, *, is_news: bool) -> None:
    """Log a hold that has started, and have the sweep run when its next request may leave."""
    if is_news:
        level = log.warning if hold.reason == THROTTLED else log.error
        scope, next_at = hold.step or "all", hold.next_at.isoformat()
        level("hold.started", reason=hold.reason, scope=scope, status=hold.status,
              until=hold.until.isoformat(), next_request_at=next_at)  # fmt: skip
    wake_sweep(services, hold.next_at - now)
