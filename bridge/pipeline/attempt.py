"""An attempt at a step that asks AskElephant: one worker per call, through the brake, to a plan."""

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
    AwaitRecording,
    DropFields,
    DropOwner,
    Failure,
    GiveUp,
    Hold,
    Plan,
    RetryAt,
    Trouble,
    plan_retry,
)
from bridge.domain.steps import Step, is_due, next_step
from bridge.parts import Parts
from bridge.pipeline.record import record
from bridge.publisher import SWEEP
from bridge.store.brake import OUTAGE, SCOPE_MISSING, Admitted, Closed
from bridge.store.calls import read_insights
from bridge.store.lease import Lease
from config.redaction import redact_text

log = structlog.get_logger(__name__)
UNSERVED = (Trouble.THROTTLED, Trouble.CREDENTIALS, Trouble.TRANSIENT)
"""Failures that say nothing of the request. Any other proves that AskElephant works, and our key.
"""


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
    """Return AskElephant's answer, or the call as it was saved after a failure or at the brake."""
    step = next_step(at.call)
    admission = parts.brake.admit(parts.now(), step.name if step else "")
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
    return end(parts, at, e.Deferred(reason, until, held=True))


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
    return end(parts, at, _event(plan, problem, at.sent))


def _event(plan: Plan, problem: Problem, sent: Mapping[str, Any] | None) -> e.Event:
    match plan:
        case RetryAt():
            return e.Deferred(problem.reason, plan.at, problem=problem)
        case Hold():
            return e.Deferred(problem.reason, plan.until, held=True, problem=problem)
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


def _strain_brake(parts: Parts, call: Call, plan: Plan, failure: Failure) -> None:
    """Let the brake know of what may meet all calls, and log it when that closed it."""
    problem, now = failure.problem, parts.now()
    detail = redact_text(problem.detail) if problem.detail else None  # /readyz shows it to all
    if isinstance(plan, Hold):
        reason, until = problem.reason, plan.until
        step = next_step(call) if reason == SCOPE_MISSING else None  # a key is everybody's
        is_news = parts.brake.close(reason, now, until, detail, step.name if step else "")
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
