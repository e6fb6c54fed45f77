"""The brake that all workers share: a 429 to one is a 429 to all, and so is a refused key.

Closed for throttling, it opens when AskElephant's time has passed. Closed for credentials, it lets
one request through per probe interval, and opens when that one is accepted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text

THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing may pass before ``until``; ``reason`` is the slug that operators see."""

    reason: str
    since: datetime
    until: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request may leave. ``probe`` = through a closed brake, to try whether it can open."""

    probe: bool = False


class Brake:
    """One brake for all workers, in Redis."""

    def __init__(self, redis: Redis, keys: Keys, probe_interval: timedelta) -> None:
        self._redis = redis
        self._key = keys.brake
        self._interval = probe_interval
        self._probe = redis.register_script(script("probe_brake"))

    def state(self, now: datetime) -> Closed | None:
        """Return why and until when the brake is closed, or ``None`` when it is open."""
        said = {text(k): text(v) for k, v in self._redis.hgetall(self._key).items()}
        if not said:
            return None
        since, until = (_time(said[name]) for name in ("since", "until"))
        if said["reason"] == THROTTLED and until <= now:
            return None
        return Closed(said["reason"], since, until, said.get("detail") or None)

    def admit(self, now: datetime) -> Admitted | Closed:
        """Return whether a request may leave now."""
        closed = self.state(now)
        if closed is None:
            return Admitted()
        following = (now + self._interval).timestamp()
        if closed.until <= now and self._probe(keys=[self._key], args=[now.timestamp(), following]):
            return Admitted(probe=True)
        return closed

    def close(self, reason: str, now: datetime, until: datetime, detail: str | None) -> bool:
        """Close the brake, or keep it closed longer; return whether that is news."""
        before = self.state(now)
        if before and before.reason != THROTTLED and reason == THROTTLED:
            return False  # a refused key outlasts a late 429
        since = before.since if before else now
        latest = max(until, before.until) if before and before.reason == reason else until
        self._redis.hset(
            self._key,
            mapping={
                "reason": reason,
                "since": since.timestamp(),
                "until": latest.timestamp(),
                "detail": detail or "",
            },
        )
        return before is None or before.reason != reason

    def open(self) -> None:
        """Open the brake: a probe was accepted."""
        self._redis.delete(self._key)


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)
