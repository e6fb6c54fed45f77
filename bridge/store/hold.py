"""Holds: all workers pause their requests to AskElephant, either all requests or those of one step.

A step is what the requests do, such as to submit calls or to fetch insights. A 429 pauses all
requests until the time that AskElephant named. A rejected API key and an outage also pause all
requests. A missing scope of the key, and engagements that AskElephant does not find, pause one
step. Under a hold one trial request at a time (a probe) is sent. The first probe that succeeds ends
the hold. After ``most`` at the latest, a probe is sent under any hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from redis import Redis

from bridge.domain.steps import STEPS
from bridge.reasons import Reason
from bridge.store.due import PROBE_CANDIDATES
from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text

ROW_KEPT = timedelta(minutes=10)
"""A row of failures of different calls ends if no other call fails within this time."""

FAILURES_KEPT = timedelta(days=3)
"""How long the failures of calls are counted after the last failure of any call."""

QUICK = timedelta(seconds=1)
"""A request shorter than this is quick: few requests of other calls can have failed during it."""

FIRST_PROBE = timedelta(seconds=1)
STEADY = timedelta(minutes=1)
"""For this time, trial requests under a hold are sent every ``FIRST_PROBE``. Then the wait grows.

Each trial request tests one call, and perhaps only this call fails. A call that would succeed must
not wait for minutes behind dozens of failing calls. If no call succeeds within this time, the
failure is likely an outage, and fewer trial requests are enough.
"""

WEIGHTS: Mapping[str, int] = {Reason.OUTAGE: 0, Reason.THROTTLED: 1}
HEAVIEST = 2
"""The weight of rejected credentials, and of all causes that are not in ``WEIGHTS``.

A cause that weighs less than the cause of the present hold does not change the hold.
"""


class Row(StrEnum):
    """The kinds of failures that start a hold of requests if several calls fail in a row."""

    OUTAGE = "outage"
    SCOPE = "scope"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a hold of requests: a slug, and status and text of AskElephant's response."""

    reason: str
    status: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold, which pauses the requests to AskElephant; ``reason`` is a slug for operators.

    ``until`` is the time that AskElephant named, else the time of the next trial request.
    ``next_at`` is when the next request may be sent. ``step`` is the name of the paused step, or
    empty if all requests are paused. ``detail`` may quote AskElephant, and is therefore only shown
    to API clients with a token.
    """

    reason: str
    since: datetime
    until: datetime
    next_at: datetime
    detail: str | None = None
    status: int | None = None
    step: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The permission to send a request to AskElephant.

    ``probe`` is true if it is a trial request, which tests whether a hold can end. ``throttles`` is
    the number of 429s in a row. ``strained`` is true if a request has failed since the last one
    that succeeded. ``at`` is when the permission was given. ``tokens`` identify the holds that the
    trial request tests: the hold of all requests, and the hold of the step.
    """

    call_id: str = ""
    step: str = ""
    probe: bool = False
    throttles: int = 0
    strained: bool = False
    at: datetime | None = field(default=None, compare=False)
    tokens: tuple[str, str] = field(default=("", ""), compare=False)

    def is_probe_of(self, reason: str) -> bool:
        """Return whether this is a trial request under a hold with this reason."""
        return self.probe and any(token.startswith(f"{reason}@") for token in self.tokens)


class Holds:
    """Starts and ends holds, and decides which requests are sent under a hold.

    The holds are stored in Redis, and each change is one atomic script.
    """

    def __init__(
        self, redis: Redis, keys: Keys, probe_interval: timedelta, most: timedelta
    ) -> None:
        self._redis, self._keys = redis, keys
        self._interval, self.most = probe_interval, most
        self._admit = redis.register_script(script("least_failed", "admit_request"))
        self._start = redis.register_script(script("start_hold"))
        self._end = redis.register_script(script("end_hold"))
        self._note = redis.register_script(script("note_failure"))

    def all(self, now: datetime) -> list[Hold]:
        """Return the holds in force. The hold of all requests comes first."""
        pipe = self._redis.pipeline(transaction=False)
        for step in ("", *(step.name for step in STEPS if step.sends_requests)):
            pipe.hmget(self._keys.hold(step), (*FIELDS, "opens"))
        return [_hold(fields) for fields in pipe.execute() if _is_held(fields, now)]

    def state(self, now: datetime, step: str = "") -> Hold | None:
        """Return the hold that delays the requests of ``step`` longest, or ``None`` without a hold.

        If ``step`` is empty, only the hold of all requests counts.
        """
        concerned = [hold for hold in self.all(now) if hold.step in {"", step}]
        return max(concerned, key=lambda hold: hold.next_at, default=None)

    def admit(self, now: datetime, step: str, call_ids: Sequence[str]) -> list[Admitted | Hold]:
        """Return for each call the permission to send its request, or the hold that forbids it.

        Under a hold one call at a time may send a trial request, and the other calls wait. A call
        that has failed sends no trial request while calls with fewer failures wait.
        """
        others = [other for other in STEPS if other.sends_requests and other.name != step]
        own = self._keys.of("due", step)
        keys = [self._keys.hold(), self._keys.hold(step), *self._row_keys(step), own]
        keys += map(self._keys.due, others)
        interval, most = self._interval.total_seconds(), self.most.total_seconds()
        args: list[str | float] = [now.timestamp(), interval, most, PROBE_CANDIDATES, *call_ids]
        replies = self._admit(keys=keys, args=args)
        admissions: list[Admitted | Hold] = []
        for call_id, reply in zip(call_ids, replies, strict=True):
            verdict, throttles, strained, all_token, step_token, *fields = reply
            if verdict == b"held":
                admissions.append(_hold(fields))
                continue
            is_probe, tokens = verdict == b"probe", (text(all_token), text(step_token))
            admissions.append(
                Admitted(call_id, step, is_probe, int(throttles), bool(strained), now, tokens)
            )
        return admissions

    def start(
        self,
        cause: Cause,
        now: datetime,
        until: datetime | None = None,
        *,
        step: str = "",
        is_probe: bool = False,
    ) -> bool:
        """Start a hold or extend it; return whether the hold is new or has a new reason.

        ``until`` is the time that AskElephant named. Without it the hold lasts until a trial
        request succeeds. The hold pauses the requests of ``step``, or all requests if ``step`` is
        empty. ``is_probe`` is true if the request that failed was the trial request of the hold.
        """
        reason = cause.reason
        by_time = reason == Reason.THROTTLED
        is_steady = by_time or (reason not in WEIGHTS and not step)
        longest = self._interval if is_steady else self._interval / 2
        first = longest if is_steady else min(FIRST_PROBE, longest)
        args = (
            reason,
            WEIGHTS.get(reason, HEAVIEST),
            "by_time" if by_time else "by_probe",
            now.timestamp(),
            (until or now + longest).timestamp(),
            self.most.total_seconds(),
            first.total_seconds(),
            longest.total_seconds(),
            STEADY.total_seconds(),
            cause.detail or "",
            cause.status or "",
            step,
            int(is_probe),
        )
        return bool(self._start(keys=[self._keys.hold(step)], args=args))

    def record_failure(self, row: Row, admitted: Admitted) -> int:
        """Count a failed request; return how many different calls have failed in a row.

        Returns 0 if the same call had failed before: only the first failure of a call counts, so
        that calls that keep failing do not start a hold again and again.
        """
        keys = [self._keys.recent_failures, self._row_key(row, admitted.step)]
        kept = (int(FAILURES_KEPT.total_seconds()), int(ROW_KEPT.total_seconds()))
        return int(self._note(keys=keys, args=[admitted.call_id, *kept]))

    def forget(self, call_id: str) -> None:
        """Delete the failure count of a call that is not retried any more."""
        self._redis.zrem(self._keys.recent_failures, call_id)

    def record_success(
        self, admitted: Admitted, now: datetime, *, proves_step: bool = True
    ) -> list[str]:
        """Record that AskElephant served a request; return the scopes of the holds that this ended.

        A scope is ``all`` or the name of a step. ``proves_step`` is false if AskElephant rejected
        the content of the request. Such a response proves that the server works and accepts the API
        key, but not that the step works, so the hold of the step stays. Nothing is written to Redis
        for a quick request if no request has failed before.
        """
        was_quick = admitted.at is not None and now - admitted.at < QUICK
        if was_quick and not (admitted.probe or admitted.strained):
            return []
        keys = [
            self._keys.hold(),
            self._keys.hold(admitted.step),
            *self._row_keys(admitted.step),
        ]
        proved = "1" if proves_step else ""
        token = admitted.tokens[0] if admitted.probe else ""
        args = (now.timestamp(), admitted.call_id, token, proved, Reason.OUTAGE)
        ended = self._end(keys=keys, args=args)
        scopes = ("all", admitted.step)
        return [scope for scope, was_held in zip(scopes, ended, strict=True) if was_held]

    def release(self, now: datetime, step: str | None = None) -> list[Hold]:
        """End holds by a command of the operator; return the holds that were ended.

        If ``step`` is ``None``, all holds end. If ``step`` is empty, only the hold of all requests
        ends. Else only the hold of this step ends.
        """
        released = [hold for hold in self.all(now) if step is None or hold.step == step]
        rows = [self._row_key(row, each.name) for row in Row for each in STEPS]
        if released:
            self._redis.delete(*(self._keys.hold(hold.step) for hold in released), *rows)
        return released

    def _row_keys(self, step: str) -> list[str]:
        return [self._keys.recent_failures, *(self._row_key(row, step) for row in Row)]

    def _row_key(self, row: Row, step: str) -> str:
        """Return the Redis key of a row of failed calls. All steps share the row of an outage."""
        return self._keys.row(row, "" if row is Row.OUTAGE else step)


FIELDS = ("reason", "since", "until", "next", "detail", "status", "step")


def _is_held(fields: list[Any], now: datetime) -> bool:
    """Return whether a hold with these fields exists and has not ended by its time."""
    reason, _, until, *_, opens = fields
    return reason is not None and not (text(opens) == "by_time" and _time(until) <= now)


def _hold(fields: list[Any]) -> Hold:
    reason, since, until, next_at, detail, status, step = (text(value) for value in fields[:7])
    return Hold(
        reason,
        _time(since),
        _time(until),
        _time(next_at),
        detail or None,
        int(status) if status else None,
        step,
    )


def _time(value: Any) -> datetime:  # noqa: ANN401 - what Redis returned
    return datetime.fromtimestamp(float(value), UTC)
