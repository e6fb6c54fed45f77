"""The calls: one record each, saved by compare-and-set together with all its indexes.

The record is the truth; Celery's messages are only hints. Two workers may decide on the same call
at the same time: the second save finds a newer version, and its decision is made again on that.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from redis import Redis

from bridge.domain.call import FORMAT, RESTING, Call
from bridge.domain.steps import EXPIRE, Step, next_step, sweep_at
from bridge.errors import CallContended, LeaseLost, NewerRecord
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from bridge.store.lua import script
from bridge.store.replies import text

ATTEMPTS = 100

log = structlog.get_logger(__name__)


class Conflict(Exception):  # noqa: N818 - a signal within the store, never seen outside
    """Another worker saved the call since it was read."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How the sweep treats calls: the grace of a step on its way, and when to forget."""

    grace: timedelta
    resting: timedelta


class CallStore:
    """All calls in one Redis."""

    def __init__(self, redis: Redis, keys: Keys, retention: Retention) -> None:
        self._redis = redis
        self._keys = keys
        self._retention = retention
        self._save = redis.register_script(script("save_call"))
        self._drop = redis.register_script(script("drop_call"))
        self._claim = redis.register_script(script("claim_due"))

    def load(self, call_id: str) -> Call | None:
        """Return the call, or ``None`` when nothing was ever heard of it.

        Raises ``NewerRecord`` when a newer version of the bridge wrote it.
        """
        return _read(call_id, self._redis.get(self._keys.call(call_id)))

    def load_many(self, call_ids: Iterable[str]) -> list[Call]:
        """Return those of the calls that exist, in the same order; raise as ``load`` does."""
        read = (_read(call_id, value) for call_id, value in self._values(call_ids))
        return [call for call in read if call is not None]

    def load_readable(self, call_ids: Iterable[str]) -> list[Call]:
        """Return those of the calls that exist, and that this version can read."""
        calls, newer = [], 0
        for call_id, value in self._values(call_ids):
            try:
                call = _read(call_id, value)
            except NewerRecord:
                newer += 1
            else:
                calls += [call] if call else []
        if newer:
            log.warning("record.newer", calls=newer)
        return calls

    def insights(self, call_id: str) -> dict[str, Any]:
        """Return what AskElephant brought for the call so far."""
        value = self._redis.get(self._keys.insights(call_id))
        return dict(json.loads(value)) if value else {}

    def update(
        self,
        call_id: str,
        decide: Callable[[Call | None], Call | None],
        *,
        lease: Lease | None = None,
        insights: Mapping[str, Any] | None = None,
    ) -> Call | None:
        """Save what ``decide`` makes of the call, again if somebody else saved meanwhile.

        ``decide`` may be called several times and must be pure; ``None`` or the same call changes
        nothing. Raises ``LeaseLost`` when ``lease`` is no longer ours, ``CallContended`` when the
        call kept changing under a hundred attempts.
        """
        for attempt in range(ATTEMPTS):
            before = self.load(call_id)
            after = decide(before)
            if after is None or after is before:
                return before
            try:
                return self._put(before, after, lease, insights)
            except Conflict:
                time.sleep(random.uniform(0, 0.002 * (attempt + 1)))  # noqa: S311 - spreads rivals
        raise CallContended(call_id)

    def claim_due(self, step: Step, now: datetime, most: int, lease: Lease) -> list[str]:
        """Take up to ``most`` calls overdue for ``step``; they come back after the grace.

        Raises ``LeaseLost`` when the sweep's ``lease`` is no longer ours.
        """
        again = (now + self._retention.grace).timestamp()
        keys = [self._keys.due(step), self._keys.sweep_lease]
        ids = self._claim(keys=keys, args=[now.timestamp(), most, again, lease.token])
        if ids is None:
            raise LeaseLost("sweep")
        return [text(one) for one in ids]

    def retire(self, now: datetime, most: int) -> int:
        """Forget up to ``most`` calls whose retention has passed; return how many."""
        ids = self._redis.zrange(
            self._keys.retire, "-inf", now.timestamp(), byscore=True, offset=0, num=most
        )
        forgotten = [self._forget(call) for call in self.load_readable(map(text, ids))]
        return sum(forgotten)

    def _values(self, call_ids: Iterable[str]) -> list[tuple[str, Any]]:
        ids = list(call_ids)
        values = self._redis.mget([self._keys.call(one) for one in ids]) if ids else []
        return list(zip(ids, values, strict=True))

    def _put(
        self,
        before: Call | None,
        after: Call,
        lease: Lease | None,
        insights: Mapping[str, Any] | None,
    ) -> Call:
        old = before or after
        saved = after.but(version=(before.version if before else 0) + 1, format=FORMAT)
        answer = self._save(
            keys=[
                self._keys.call(after.call_id),
                self._keys.lease(after.call_id),
                self._keys.calls,
                self._keys.state(old.state),
                self._keys.state(after.state),
                self._keys.due(next_step(old) or EXPIRE),
                self._keys.due(next_step(after) or EXPIRE),
                self._keys.retire,
                self._keys.insights(after.call_id),
                self._keys.engagement(after.engagement_id or ""),
                self._keys.url(after.external_url or ""),
            ],
            args=[
                before.version if before else 0,
                _written(saved),
                lease.token if lease else "",
                after.call_id,
                after.created_at.timestamp(),
                _score(sweep_at(after, self._retention.grace)),
                _score(self._retire_at(after)),
                json.dumps(insights, default=str) if insights is not None else "",
                int(after.engagement_id is not None),
                int(after.external_url is not None),
            ],
        )
        if answer == b"conflict":
            raise Conflict
        if answer == b"lease_lost":
            raise LeaseLost(after.call_id)
        return saved

    def _retire_at(self, call: Call) -> datetime | None:
        return call.updated_at + self._retention.resting if call.state in RESTING else None

    def _forget(self, call: Call) -> int:
        keys = self._keys
        dropped = self._drop(
            keys=[
                keys.call(call.call_id),
                keys.insights(call.call_id),
                keys.calls,
                keys.state(call.state),
                keys.retire,
                keys.engagement(call.engagement_id or ""),
                keys.url(call.external_url or ""),
            ],
            args=[call.version, call.call_id],
        )
        return int(dropped)


def _read(call_id: str, value: Any) -> Call | None:  # noqa: ANN401 - what Redis answers
    """Nobody but the bridge writes records: JSON that does not fit is a newer version's.

    The validation's own words quote what was said of the call, and must not reach a log.
    """
    if not value:
        return None
    version, _, document = value.partition(b"\n")
    try:
        call = Call.model_validate_json(document)
    except ValidationError as error:
        if error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise
        raise NewerRecord(call_id) from None
    if call.format > FORMAT:
        raise NewerRecord(call_id)
    return call.but(version=int(version))


def _written(call: Call) -> str:
    return f"{call.version}\n{call.model_dump_json(exclude_none=True, exclude_defaults=True)}"


def _score(at: datetime | None) -> float | str:
    return "" if at is None else at.timestamp()
