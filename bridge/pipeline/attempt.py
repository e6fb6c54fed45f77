"""An attempt at a step that asks AskElephant: one worker per call, through the brake, to a plan."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call, Problem
from bridge.domain.retry import (
    AwaitRecording,
    DropOwner,
    Failure,
    GiveUp,
    Hold,
    Plan,
    RetryAt,
    Trouble,
    plan_retry,
)
from bridge.domain.steps import Step, is_due
from bridge.parts import Parts
from bridge.pipeline.record import record
from bridge.publisher import SWEEP
from bridge.store.brake import OUTAGE, Admitted, Closed
from bridge.store.lease import Lease
from config.redaction import redact_text

log = structlog.get_logger(__name__)
UNSERVED = (Trouble.THROTTLED, Trouble.CREDENTIALS, Trouble.TRANSIENT)
"""Failures that say nothing of the request. Any other proves that AskElephant works, and our key.
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to work on a call that is due, while the lease lasts."""

    call: Call
    lease: Lease


@contextmanager
def turn(parts: Parts, call_id: str, step: Step) -> Iterator[Turn | None]:
    """Yield the call if it is due for ``step`` and nobody else is at it.

    The call is read under the lease: a worker that had it before may just have finished the step.
    """
    with parts.leases.hold(call_id) as lease:
        call = parts.calls.load(call_id) if lease else None
        if lease is None or call is None or not is_due(call, step, parts.now()):
            log.debug("step.not_due", step=step.name, leased=lease is not None)
            yield None
        else:
            yield Turn(call, lease)


def ask(parts: Parts, at: Turn, request: Callable[[], Engagement | Failure]) -> Engagement | Call:
    """Return AskElephant's answer, or the call as it was saved after a failure or at the brake."""
    admission = parts.brake.admit(parts.now())
    if isinstance(admission, Closed):
        return _hold(parts, at, admission.reason, admission.until)
    if (refilled_at := parts.budget.spend()) is not None:
        return _hold(parts, at, "request_budget", refilled_at)
    answer = request()
    if not (isinstance(answer, Failure) and answer.trouble in UNSERVED):
        _served(parts, admission)
    if isinstance(answer, Failure):
        return _after_failure(parts, at, answer, admission)
    return answer


def _hold(parts: Parts, at: Turn, reason: str, until: datetime) -> Call:
    return record(parts, at.call, e.Deferred(reason, until, held=True), at.lease)


def _served(parts: Parts, admission: Admitted) -> None:
    if parts.brake.served(admission, parts.now()):
        log.info("brake.opened")
        _wake_sweep(parts, timedelta(0))


def _after_failure(parts: Parts, at: Turn, failure: Failure, admission: Admitted) -> Call:
    problem, call = failure.problem, at.call
    log.warning("request.failed", reason=problem.reason, status=problem.status,
                request_id=problem.request_id)  # fmt: skip
    now, jitter = parts.now(), parts.jitter()
    plan = plan_retry(failure, call, now, jitter, parts.policy, admission.throttles)
    _strain_brake(parts, call, plan, failure)
    return record(parts, call, _event(plan, problem), at.lease)


def _event(plan: Plan, problem: Problem) -> e.Event:
    match plan:
        case RetryAt():
            return e.Deferred(problem.reason, plan.at, problem=problem)
        case Hold():
            return e.Deferred(problem.reason, plan.until, held=True, problem=problem)
        case DropOwner():
            return e.OwnerRefused(problem)
        case AwaitRecording():
            return e.RecordingAwaited(problem.reason, plan.at, problem)
        case GiveUp():
            return e.Failed(plan.reason, problem)
        case _:
            assert_never(plan)


def _strain_brake(parts: Parts, call: Call, plan: Plan, failure: Failure) -> None:
    """Let the brake know of what may meet all calls, and log it when that closed it."""
    problem, now = failure.problem, parts.now()
    detail = redact_text(problem.detail) if problem.detail else None  # /readyz shows it to all
    if isinstance(plan, Hold):
        reason, until = problem.reason, plan.until
        is_news = parts.brake.close(reason, now, until, detail)
    elif failure.trouble is Trouble.TRANSIENT:
        reason, until = OUTAGE, now + parts.policy.probe_interval
        is_news = parts.brake.failed(call.call_id, now, f"{problem.reason} {detail or ''}".strip())
    else:
        return
    if is_news:
        level = log.warning if failure.trouble is Trouble.THROTTLED else log.error
        level("brake.closed", reason=reason, until=until.isoformat())
        _wake_sweep(parts, until - now)


def _wake_sweep(parts: Parts, wait: timedelta) -> None:
    """Let those that are held go as soon as they may, not at the next interval."""
    if wait <= parts.policy.countdown_limit:
        parts.publisher.publish(SWEEP, countdown=wait.total_seconds())
