"""Plans the reaction to a failed request to AskElephant.

A plan is a retry, a hold (a pause of the requests of all calls), a changed request, or the failure
of the call. A failure that concerns one call never delays another call. Sources:
https://docs.askelephant.ai/errors and https://docs.askelephant.ai/dialer-integration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bridge.domain.call import Call, Problem, State
from bridge.domain.deadlines import age, has_passed, state_deadline
from bridge.domain.policy import Policy

GET_MISSING_ATTEMPTS = 5
MISSING_FOR = timedelta(hours=3)
"""An engagement counts as deleted after ``GET_MISSING_ATTEMPTS`` 404s over at least this time."""


class Trouble(StrEnum):
    """The kinds of failure of a request to AskElephant."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    FORBIDDEN = "forbidden"
    REJECTED = "rejected"
    OWNER = "owner"
    MEDIA = "media"
    MISSING = "missing"


class Scope(StrEnum):
    """What a failure concerns: one call, one step of all calls, or all requests of all calls."""

    CALL = "call"
    STEP = "step"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Concern:
    """The scope of a kind of failure: ``alone``, or ``in_a_row`` if it repeats.

    ``in_a_row`` applies when ``calls`` different calls have failed in a row. If ``calls`` is 0,
    ``in_a_row`` never applies.
    """

    alone: Scope
    in_a_row: Scope = Scope.CALL
    calls: int = 0


CONCERNS: Mapping[Trouble, Concern] = {
    Trouble.TRANSIENT: Concern(Scope.CALL, Scope.ALL, 10),
    Trouble.THROTTLED: Concern(Scope.ALL),
    Trouble.CREDENTIALS: Concern(Scope.ALL),
    Trouble.FORBIDDEN: Concern(Scope.CALL, Scope.STEP, 3),
    Trouble.REJECTED: Concern(Scope.CALL),
    Trouble.OWNER: Concern(Scope.CALL),
    Trouble.MEDIA: Concern(Scope.CALL),
    Trouble.MISSING: Concern(Scope.CALL, Scope.STEP, 3),
}
"""The scope of each kind of failure.

Each call is counted once in a row of failures, at its first failure. A request that succeeds, of
any call, ends the row.
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request to AskElephant.

    ``retry_after`` is the wait in the response's ``Retry-After`` header. ``blamed_fields`` are the
    fields that the response names as invalid, as paths such as ``participants[1].email``.
    ``droppable`` are participants' fields without which the request may succeed, such as
    ``lead_email``.
    """

    trouble: Trouble
    problem: Problem
    retry_after: timedelta | None = None
    blamed_fields: tuple[str, ...] = ()
    droppable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Retry the request of this call at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HoldAll:
    """Pause the requests of all calls until ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class DropOwner:
    """Submit the call again at once, without the owner that AskElephant could not resolve."""


@dataclass(frozen=True, slots=True)
class DropFields:
    """Submit the call again at once, without these rejected fields of participants."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwaitRecording:
    """The recording is not ready: look for it again at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Let the call fail for ``reason``: no request of the call is retried."""

    reason: str


Plan = RetryAt | HoldAll | DropOwner | DropFields | AwaitRecording | GiveUp


def plan_retry(
    failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy, throttles: int = 0
) -> Plan:
    """Return the reaction to ``failure``. ``jitter`` is a random number of 0 to 1.

    A transient failure, a 403 and a 404 are retried with backoff until ``policy.retry_deadline``
    after the first failure in a row. Time under a hold does not count. A 429 and rejected
    credentials pause the requests of all calls. ``throttles`` is the number of 429s in a row over
    all calls: without a ``Retry-After`` header each wait is twice the last one.

    A 404 is retried because AskElephant may return 404 for a new engagement for some time, and
    because a 404 on submission means a wrong base URL, which an operator can correct.
    """
    match failure.trouble:
        case Trouble.THROTTLED:
            return HoldAll(now + (failure.retry_after or backoff(throttles, jitter, policy)))
        case Trouble.CREDENTIALS:
            return HoldAll(now + policy.probe_interval)
        case Trouble.REJECTED | Trouble.MEDIA:
            return _refused(failure, call, now, jitter, policy)
        case Trouble.OWNER:
            is_new = call.state is State.RECORDED and not call.owner_refused
            return DropOwner() if is_new else _refused(failure, call, now, jitter, policy)
        case Trouble.TRANSIENT | Trouble.FORBIDDEN | Trouble.MISSING:
            is_missing = failure.trouble is Trouble.MISSING
            is_gone = is_missing and _is_missing_for_good(call, now, policy)
            if is_gone or age(call, call.failing_since, now) >= policy.retry_deadline:
                return GiveUp(failure.problem.reason)
            failures = call.missing if is_missing else call.failures
            wait = failure.retry_after or backoff(failures, jitter, policy)
            return RetryAt(now + min(wait, policy.retry_max_delay))
        case _:
            assert_never(failure.trouble)


def plan_look(
    reason: str, call: Call, now: datetime, jitter: float, policy: Policy
) -> AwaitRecording | GiveUp:
    """Return when to look for the recording again; ``GiveUp`` after ``recording_deadline``.

    The deadline counts from the time when the call entered its state. If the bridge was stopped
    until after the deadline, and can fetch a new link, there is one more attempt.
    """
    deadline = state_deadline(call, policy.recording_deadline, now)
    delays = replace(
        policy,
        retry_first_delay=policy.recording_first_delay,
        retry_max_delay=policy.recording_max_delay,
    )
    following = now + backoff(call.looks, jitter, delays)
    if not has_passed(deadline, now):
        return AwaitRecording(min(following, deadline))
    is_last = call.looks > 0 or not policy.refetches_links
    return GiveUp(reason) if is_last else AwaitRecording(following)


def backoff(failures: int, jitter: float, policy: Policy) -> timedelta:
    """Return the wait after a number of failures in a row: exponential, with a cap and jitter.

    ``jitter`` of 0 to 1 subtracts up to half of the wait.
    """
    doubled = policy.retry_first_delay.total_seconds() * 2 ** min(failures, 30)
    return timedelta(seconds=min(doubled, policy.retry_max_delay.total_seconds())) * (
        1 - jitter / 2
    )


def _refused(failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy) -> Plan:
    """Return the reaction to a rejected request.

    The call fails, unless its recording may be ready later, or the rejected fields can be left out.
    """
    if failure.trouble is Trouble.MEDIA and call.state is State.RECORDED:
        return plan_look(failure.problem.reason, call, now, jitter, policy)
    if failure.droppable and call.state is State.RECORDED:
        return DropFields(failure.droppable)
    return GiveUp(failure.problem.reason)


def _is_missing_for_good(call: Call, now: datetime, policy: Policy) -> bool:
    """Return whether enough 404s over enough time prove that the engagement was deleted."""
    if call.engagement_id is None or call.missing < GET_MISSING_ATTEMPTS:
        return False
    return age(call, call.missing_since, now) >= min(MISSING_FOR, policy.retry_deadline)
