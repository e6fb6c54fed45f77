"""Plans the reaction to a failed request: a retry, a hold of all calls, a change, or giving up.

A failure that concerns one call never delays another call. A failure that concerns all calls holds
all calls. Sources: https://docs.askelephant.ai/errors and
https://docs.askelephant.ai/dialer-integration.
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
"""An engagement counts as deleted after ``GET_MISSING_ATTEMPTS`` 404s over this time or more."""


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
    """What a failure concerns: this call, this step of all calls, or all calls."""

    CALL = "call"
    STEP = "step"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Concern:
    """What a kind of failure concerns: ``alone`` for one call, ``in_a_row`` for several.

    ``calls`` is the number of different calls in a row from which ``in_a_row`` counts; 0 = never.
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

A row counts each call once, at its first failure. Any request that succeeds ends the row.
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request. ``retry_after`` is the wait that the response's header names.

    ``blamed_fields`` are the fields that the response names as invalid, as paths such as
    ``participants[1].email``. ``droppable`` are the participants' fields without which the request
    may succeed, such as ``lead_email``.
    """

    trouble: Trouble
    problem: Problem
    retry_after: timedelta | None = None
    blamed_fields: tuple[str, ...] = ()
    droppable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try this call again at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HoldAll:
    """Start a hold of all calls until ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class DropOwner:
    """Submit again at once, without the owner that AskElephant could not resolve."""


@dataclass(frozen=True, slots=True)
class DropFields:
    """Submit again at once, without these fields of participants, which were rejected."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwaitRecording:
    """The recording is not ready: look for it again at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Give the call up, for ``reason``."""

    reason: str


Plan = RetryAt | HoldAll | DropOwner | DropFields | AwaitRecording | GiveUp


def plan_retry(
    failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy, throttles: int = 0
) -> Plan:
    """Return the reaction to ``failure``. ``jitter`` is a random number of 0 to 1.

    A transient failure, a 403 and a 404 are retried with backoff until ``retry_deadline`` after the
    first failure in a row; time under a hold does not count. Throttling and rejected credentials
    hold all calls. ``throttles`` counts the 429s in a row over all calls: without a ``Retry-After``
    each wait is twice the last one. AskElephant may return 404 for a new engagement for some time.
    A 404 on submission means a wrong base URL, which an operator can correct.
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
    """Return when to look for the recording again, or to give up after ``recording_deadline``.

    The deadline counts from the beginning of the state. If the bridge was stopped beyond it and can
    fetch a new link, there is one more attempt.
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
    """Plan the reaction to a rejected call.

    It is given up, unless its recording may be ready later, or fields can be left out.
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
