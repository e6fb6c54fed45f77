"""Retry is a value: what a failure means for the call, and for all calls.

Transient, throttled, credentials and rejected are four different things, and look different to the
operator. Source of the table: AskElephant's error page and dialer integration guide.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bridge.domain.call import Call, Problem, State
from bridge.domain.policy import Policy

GET_MISSING_ATTEMPTS = 5


class Trouble(StrEnum):
    """The kinds of failure a request to AskElephant can have."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CREDENTIALS = "credentials"
    REJECTED = "rejected"
    OWNER = "owner"
    MEDIA = "media"
    MISSING = "missing"


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
class Hold:
    """No call may be tried before ``until``: the brake closes for all workers."""

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


Plan = RetryAt | Hold | DropOwner | DropFields | AwaitRecording | GiveUp


def plan_retry(
    failure: Failure, call: Call, now: datetime, jitter: float, policy: Policy, throttles: int = 0
) -> Plan:
    """Return what follows from ``failure``. ``jitter`` is a random number of 0 to 1.

    Transient failures back off until ``retry_deadline`` has passed since the first in a row;
    throttling and refused credentials hold everything and fail nothing. ``throttles`` counts those
    in a row over all calls: without a word of AskElephant's own, each waits twice as long as the
    last. A fresh engagement may be missing a little; missing on submission is a wrong base URL,
    which can be mended.
    """
    match failure.trouble:
        case Trouble.THROTTLED:
            return Hold(now + (failure.retry_after or backoff(throttles, jitter, policy)))
        case Trouble.CREDENTIALS:
            return Hold(now + policy.probe_interval)
        case Trouble.REJECTED | Trouble.MEDIA:
            return _refused(failure, call, now, jitter, policy)
        case Trouble.OWNER:
            is_new = call.state is State.RECORDED and not call.owner_refused
            return DropOwner() if is_new else _refused(failure, call, now, jitter, policy)
        case Trouble.MISSING if call.engagement_id and call.failures >= GET_MISSING_ATTEMPTS:
            return GiveUp(failure.problem.reason)
        case Trouble.TRANSIENT | Trouble.MISSING:
            return _again(failure, call, now, jitter, policy)
        case _:
            assert_never(failure.trouble)


def plan_look(
    reason: str, call: Call, now: datetime, jitter: float, policy: Policy
) -> AwaitRecording | GiveUp:
    """Return when to look for the recording again: until the deadline since it was heard of.

    After an outage beyond that deadline, a link that could be fetched afresh gets one more look.
    """
    deadline = call.state_since + policy.recording_deadline
    patience = replace(
        policy,
        retry_first_delay=policy.recording_first_delay,
        retry_max_delay=policy.recording_max_delay,
    )
    following = now + backoff(call.looks, jitter, patience)
    if now < deadline:
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
    failing_for = now - (call.failing_since or now)
    if failing_for >= policy.retry_deadline:
        return GiveUp(failure.problem.reason)
    wait = failure.retry_after or backoff(call.failures, jitter, policy)
    return RetryAt(now + min(wait, policy.retry_max_delay))
