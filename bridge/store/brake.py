"""The brake that all workers share: what AskElephant tells one of them, it tells all.

Closed for throttling, it opens when AskElephant's time has passed. Closed for credentials or for an
outage, it lets one request through per probe interval, and opens when one is served.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text

THROTTLED = "throttled"
OUTAGE = "outage"
SCOPE_MISSING = "scope_missing"
OUTAGE_CALLS = 10
"""So many calls fail in a row, each for a reason that should pass: it is not the calls."""

FAILING_FOR = timedelta(minutes=10)
"""After so long without another failure, the row is broken."""

QUICK = timedelta(seconds=1)
"""In so short a time few others fail. A submission may take minutes."""

WEIGHTS = {OUTAGE: 0, THROTTLED: 1}
HEAVIEST = 2
"""Refused credentials: they need a person, and no late answer of another kind opens them."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing may pass before ``until``; ``reason`` is the slug that operators see."""

    reason: str
    since: datetime
    until: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request may leave. ``probe`` = through a closed brake, to try whether it can open.

    ``throttles`` = how often in a row AskElephant has throttled us; ``strained`` = something has
    failed since it last served a request, and has to be forgotten when it serves this one. ``at`` =
    when it left: of what failed since then it does not know.
    """

    probe: bool = False
    throttles: int = 0
    strained: bool = False
    at: datetime | None = field(default=None, compare=False)


class Brake:
    """One brake for all workers, in Redis. Each of its moves is one script."""

    def __init__(self, redis: Redis, keys: Keys, probe_interval: timedelta) -> None:
        self._redis = redis
        self._key, self._failing = keys.brake, keys.failing
        self._interval = probe_interval
        self._admit = redis.register_script(script("admit_brake"))
        self._close = redis.register_script(script("close_brake"))
        self._relieve = redis.register_script(script("relieve_brake"))

    def state(self, now: datetime) -> Closed | None:
        """Return why and until when the brake is closed, or ``None`` when it is open."""
        names = ("opens", "reason", "since", "until", "detail")
        opens, *said = self._redis.hmget(self._key, names)
        closed = _closed(said) if opens else None
        if closed and closed.until <= now and text(opens) == "by_time":
            return None
        return closed

    def admit(self, now: datetime, step: str = "") -> Admitted | Closed:
        """Return whether a request of ``step`` may leave now.

        A brake that one step's missing scope has closed is probed by that step alone: another's
        success would prove nothing, and open it for a moment, again and again.
        """
        following = (now + self._interval).timestamp()
        keys = [self._key, self._failing]
        answer = self._admit(keys=keys, args=[now.timestamp(), following, step])
        verdict, throttles, failing, *said = answer
        if verdict == b"closed":
            return _closed(said)
        strained = bool(int(throttles) or failing)
        return Admitted(verdict == b"probe", int(throttles), strained, now)

    def close(
        self, reason: str, now: datetime, until: datetime, detail: str | None, step: str = ""
    ) -> bool:
        """Close the brake, or keep it closed longer; return whether that is news.

        ``step`` is the one whose requests alone can prove that the reason has gone; empty = any.
        """
        opens = "by_time" if reason == THROTTLED else "by_probe"
        weight = WEIGHTS.get(reason, HEAVIEST)
        args = (reason, weight, opens, now.timestamp(), until.timestamp(), detail or "", step)
        return bool(self._close(keys=[self._key], args=args))

    def failed(self, call_id: str, now: datetime, detail: str | None) -> bool:
        """Note a failure that should pass; return whether so many in a row closed the brake.

        Calls are counted, not failures: one whose recording is beyond reach holds nobody else.
        """
        pipe = self._redis.pipeline(transaction=True)
        pipe.sadd(self._failing, call_id)
        pipe.expire(self._failing, FAILING_FOR)
        pipe.scard(self._failing)
        is_outage = int(pipe.execute()[-1]) >= OUTAGE_CALLS
        return is_outage and self.close(OUTAGE, now, now + self._interval, detail)

    def served(self, admitted: Admitted, now: datetime) -> bool:
        """Note that AskElephant served a request; return whether that opened the brake.

        For a quick one that met no strain this need not be asked: it would double what it costs.
        """
        was_quick = admitted.at is not None and now - admitted.at < QUICK
        if was_quick and not (admitted.probe or admitted.strained):
            return False
        args = (now.timestamp(), int(admitted.probe), OUTAGE)
        return bool(self._relieve(keys=[self._key, self._failing], args=args))


def _closed(said: list[Any]) -> Closed:
    reason, since, until, detail = (text(one) for one in said)
    return Closed(reason, _time(since), _time(until), detail or None)


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)
