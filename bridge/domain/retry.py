"""Retry is a value: what a failure means for the call, and for all calls.

A failure of one call never costs another. A failure that concerns all calls holds all.
Source of the table: AskElephant's error page and dialer integration guide.
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
"""An engagement is missing for good after so many 404s, and not before this time has passed."""


class Trouble(StrEnum):
    """The kinds of failure a request to AskElephant can have."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    FORBIDDEN = "forbidden"
    REJECTED = "rejected"
    OWNER = "owner"
    MEDIA = "media"
    MISSING = "missing"


class Scope(StrEnum):
    """Whom a failure concerns: this call, this step of all calls, or all calls."""

    CALL = "call"
    STEP = "step"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Concern:
    """Whom a kind of failure concerns: alone, and when ``calls`` different calls meet it in a row.

    ``calls`` 0 = however many meet it, it concerns each alone.
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
"""A row counts each call once, at its first failure, and any request that is served ends it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that did not succeed. ``retry_after`` is the wait that the server asked for.

    ``blamed_fields`` are the request's fields that the response names as wrong, as dotted paths
    such as ``participants[1].email``. ``droppable`` are the participants' fields without which the
    request may pass, such as ``lead_email``.
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
    """No call may be tried before ``until``: a hold of all calls starts."""

    until: datetime


@dataclass(frozen=True, slots=True)
class DropOwner:
    """Try again at once, without the owner that could not be resolved."""


@dataclass(frozen=True, slots=True)
class DropFields:
    """Try again at once, without these fields of participants, which were rejected."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwaitRecording:
    """The recording is not ready: look for it again at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt makes sense."""

    reason: str


Plan = RetryAt | HoldAll | DropOwner | DropFields | AwaitRecording | GiveUp


def plan_retry(
    failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy, throttles: int = 0
) -> Plan:
    """Return what follows from ``failure``. ``jitter`` is a random number of 0 to 1.

    Transient failures and a 403 of this call alone back off until ``retry_deadline`` has passed
    since the first in a row, without the time under a hold. Throttling and refused credentials hold
    all calls and fail none. ``throttles`` counts 429s in a row over all calls: without a
    ``Retry-After`` each waits twice as long as the last. A fresh engagement may be missing for a
    while; a 404 on submission means a wrong base URL, which an operator can put right.
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
        case Trouble.MISSING if _is_missing_for_good(call, now, policy):
            return GiveUp(failure.problem.reason)
        case Trouble.TRANSIENT | Trouble.FORBIDDEN | Trouble.MISSING:
            return _again(failure, call, now, jitter, policy)
        case _:
            assert_never(failure.trouble)


def plan_look(
    reason: str, call: Call, now: datetime, jitter: float, policy: Policy
) -> AwaitRecording | GiveUp:
    """Return when to look for the recording again: until the deadline since it was heard of.

    After a stop of the bridge beyond that deadline, a link that could be fetched afresh gets one
    more look.
    """
    deadline = state_deadline(call, policy.recording_deadline, now)
    patience = replace(
        policy,
        retry_first_delay=policy.recording_first_delay,
        retry_max_delay=policy.recording_max_delay,
    )
    following = now + backoff(call.looks, jitter, patience)
    if not has_passed(deadline, now):
        return AwaitRecording(min(following, deadline))
    is_last = call.looks > 0 or not policy.refetches_links
    return GiveUp(reason) if is_last else AwaitRecording(following)


def backoff(failures: int, jitter: float, policy: Policy) -> timedelta:
    """Return a wait that doubles with every failure up to the cap; jitter takes off up to half."""
    doubled = policy.retry_first_delay.total_seconds() * 2 ** min(failures, 30)
    return timedelta(seconds=min(doubled, policy.retry_max_delay.total_seconds())) * (
        1 - jitter / 2
    )


def _refused(failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy) -> Plan:
    """Give up a rejected call, unless its recording may be late, or fields can be left out."""
    if failure.trouble is Trouble.MEDIA and call.state is State.RECORDED:
        return plan_look(failure.problem.reason, call, now, jitter, policy)
    if failure.droppable and call.state is State.RECORDED:
        return DropFields(failure.droppable)
    return GiveUp(failure.problem.reason)


def _again(failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy) -> Plan:
    if age(call, call.failing_since, now) >= policy.retry_deadline:
        return GiveUp(failure.problem.reason)
    is_missing = failure.trouble is Trouble.MISSING
    failures = call.missing if is_missing else call.failures
    wait = failure.retry_after or backoff(failures, jitter, policy)
    return RetryAt(now + min(wait, policy.retry_max_delay))


def _is_missing_for_good(call: Call, now: datetime, policy: Policy) -> bool:
    """Return whether 404s alone, spread over hours, mean that the engagement is gone."""
    if call.engagement_id is None or call.missing < GET_MISSING_ATTEMPTS:
        return False
    return age(call, call.missing_since, now) >= min(MISSING_FOR, policy.retry_deadline)
