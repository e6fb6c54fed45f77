"""An attempt at a step that asks AskElephant: one worker per call, through the brake, to a plan."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import structlog

from bridge.askelephant.models import Engagement
from bridge.domain import events as e
from bridge.domain.call import Call
from bridge.domain.retry import DropOwner, Failure, GiveUp, Hold, RetryAt, Trouble, plan_retry
from bridge.domain.steps import Step, is_due
from bridge.parts import Parts
from bridge.pipeline.record import record
from bridge.publisher import SWEEP
from bridge.store.brake import Closed
from bridge.store.lease import Lease
from config.redaction import redact_text

log = structlog.get_logger(__name__)
UNPROVEN = (Trouble.THROTTLED, Trouble.CREDENTIALS, Trouble.TRANSIENT)
"""Failures of a probe that do not prove its key: an outage says nothing of it."""


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
        held = e.Deferred(admission.reason, admission.until, held=True)
        return record(parts, at.call, held, at.lease)
    answer = request()
    if admission.probe and not (isinstance(answer, Failure) and answer.trouble in UNPROVEN):
        parts.brake.open()
        log.info("brake.opened")
        _wake_sweep(parts, timedelta(0))
    if isinstance(answer, Failure):
        return _after_failure(parts, at, answer)
    return answer


def _after_failure(parts: Parts, at: Turn, failure: Failure) -> Call:
    problem = failure.problem
    log.warning("request.failed", reason=problem.reason, status=problem.status,
                request_id=problem.request_id)  # fmt: skip
    now = parts.now()
    plan = plan_retry(failure, at.call, now, parts.jitter(), parts.policy)
    return record(parts, at.call, _event(parts, plan, failure), at.lease)


def _event(parts: Parts, plan: RetryAt | Hold | DropOwner | GiveUp, failure: Failure) -> e.Event:
    problem = failure.problem
    match plan:
        case RetryAt():
            return e.Deferred(problem.reason, plan.at, problem=problem)
        case Hold():
            _close_brake(parts, plan, failure)
            return e.Deferred(problem.reason, plan.until, held=True, problem=problem)
        case DropOwner():
            return e.OwnerRefused(problem)
        case GiveUp():
            return e.Failed(plan.reason, problem)
        case _:
            assert_never(plan)


def _close_brake(parts: Parts, plan: Hold, failure: Failure) -> None:
    problem, now = failure.problem, parts.now()
    detail = redact_text(problem.detail) if problem.detail else None  # /readyz shows it to all
    if parts.brake.close(problem.reason, now, plan.until, detail):
        level = log.error if failure.trouble is Trouble.CREDENTIALS else log.warning
        level("brake.closed", reason=problem.reason, until=plan.until.isoformat())
        _wake_sweep(parts, plan.until - now)


def _wake_sweep(parts: Parts, wait: timedelta) -> None:
    """Let those that are held go as soon as they may, not at the next interval."""
    if wait <= parts.policy.countdown_limit:
        parts.publisher.publish(SWEEP, countdown=wait.total_seconds())
