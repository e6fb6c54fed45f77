"""The calls: one record each, saved by compare-and-set together with all its indexes.

The record is the truth; Celery's messages are only hints. Two workers may decide on the same call
at the same time: the second save finds a newer version, and its decision is made again on that.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import ResponseError

from bridge.domain.call import FORMAT, Call
from bridge.domain.insights import insights_of
from bridge.domain.links import normalised_link
from bridge.domain.steps import Step
from bridge.errors import CallContended, DamagedRecord, LeaseLost, NewerRecord
from bridge.store.damaged import Damage, DamagedRecords
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from bridge.store.lua import script
from bridge.store.moves import Retention, counted, moves
from bridge.store.records import (
    is_damaged,
    is_wrong_type,
    read_call,
    read_insights,
    wrong_type,
)
from bridge.store.replies import text

ATTEMPTS = 100
PROBE_CANDIDATES = 500
"""How many waiting calls of a step are compared to choose the probe of a hold."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A call as it was read (``None`` = it is new) and as it shall be, and what is saved with it.

    ``lease`` must still be ours, and is given back if this ``ends`` the work under it; ``counts``
    are counters that grow by one if this is saved. ``insights`` is a document that names its
    engagement.
    """

    before: Call | None
    after: Call
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False


class CallStore:
    """All calls in one Redis."""

    def __init__(self, redis: Redis, keys: Keys, retention: Retention) -> None:
        self._redis = redis
        self._keys = keys
        self._retention = retention
        self._damaged = DamagedRecords(redis, keys)
        self._save = script("save_call")
        self._drop = redis.register_script(script("drop_call"))
        self._claim = redis.register_script(script("claim_due"))
        self._claim_probe = redis.register_script(script("least_failed", "claim_probe"))

    def load(self, call_id: str) -> Call | None:
        """Return the call, or ``None`` when nothing was ever heard of it.

        Raises ``NewerRecord`` when a newer version of the bridge wrote it, ``DamagedRecord`` when
        nothing that can be read stands there.
        """
        value: Any
        try:
            value = self._redis.get(self._keys.call(call_id))
        except ResponseError as error:
            value = wrong_type(error)
        return self.read(call_id, value)

    def read(self, call_id: str, value: Any) -> Call | None:  # noqa: ANN401 - what Redis answers
        """Return the record that stands in the store as ``value``; raise as ``load`` does."""
        try:
            return read_call(call_id, value)
        except DamagedRecord:
            self._damaged.note([call_id])
            raise

    def load_many(self, call_ids: Iterable[str]) -> list[Call]:
        """Return those of the calls that exist, in the same order; raise as ``load`` does."""
        read = (self.read(call_id, value) for call_id, value in self._values(call_ids))
        return [call for call in read if call is not None]

    def load_readable(self, call_ids: Iterable[str]) -> list[Call]:
        """Return those of the calls that exist, and that this version can read."""
        calls: list[Call] = []
        damaged: list[str] = []
        newer = 0
        for call_id, value in self._values(call_ids):
            try:
                call = read_call(call_id, value)
            except NewerRecord:
                newer += 1
            except DamagedRecord:
                damaged.append(call_id)
            else:
                calls += [call] if call else []
        if newer:
            log.warning("record.newer", calls=newer)
        self._damaged.note(damaged)
        return calls

    def damage(self) -> Damage:
        """Return the calls whose record is damaged; repaired ones are taken off the list."""
        ids = self._damaged.listed().call_ids
        pipe = self._redis.pipeline(transaction=False)
        for call_id in ids:
            pipe.get(self._keys.call(call_id))
        values = pipe.execute(raise_on_error=False)
        self._damaged.forget(c for c, v in zip(ids, values, strict=True) if not is_damaged(c, v))
        return self._damaged.listed()

    def insights(self, call: Call) -> dict[str, Any]:
        """Return what was fetched of the call's engagement so far."""
        value: Any
        try:
            value = self._redis.get(self._keys.insights(call.call_id))
        except ResponseError as error:
            value = wrong_type(error)
        return insights_of(read_insights(value), call.engagement_id)

    def update(
        self,
        call_id: str,
        decide: Callable[[Call | None], Call | None],
        *,
        known: Call | None = None,
        **beside: Any,  # noqa: ANN401 - of many types
    ) -> Call | None:
        """Save what ``decide`` makes of the call, again if somebody else saved meanwhile.

        ``known`` is the call as it was last read: if nobody saved since, it need not be read again.
        ``beside`` is what else a ``Change`` may have.
        ``decide`` may be called several times and must be pure; ``None`` or the same call changes
        nothing. Raises ``LeaseLost`` when its lease is no longer ours, ``CallContended`` when the
        call kept changing under a hundred attempts.
        """
        before = known or self.load(call_id)
        for attempt in range(ATTEMPTS):
            after = decide(before)
            if after is None or after is before:
                return before
            change = Change(before, after, **beside)
            (saved,) = self.save_many([change])
            if saved is not None:
                return saved
            time.sleep(random.uniform(0, 0.002 * (attempt + 1)))  # noqa: S311 - spreads rivals
            before = self.load(call_id)
            if change.lease and before and _written(before) == _written(_numbered(change)):
                return before  # under a lease it is our own, sent again: an answer was lost
        raise CallContended(call_id)

    def save_many(self, changes: Sequence[Change]) -> list[Call | None]:
        """Save all in one round trip; return each as saved, or ``None`` if it was saved meanwhile.

        Raises ``LeaseLost`` when a change's lease is no longer ours; other changes are saved then.
        """
        pipe = self._redis.pipeline(transaction=False)
        written = [_numbered(change) for change in changes]
        for change, saved in zip(changes, written, strict=True):
            keys, args = self._words(change, saved)
            # Whole, not by its digest: a server that was restarted knows no digests.
            pipe.eval(self._save, len(keys), *keys, *args)
        replies = pipe.execute(raise_on_error=False)
        for change, reply in zip(changes, replies, strict=True):
            if is_wrong_type(reply):
                self._damaged.note([change.after.call_id])
                raise DamagedRecord(change.after.call_id) from reply
            if isinstance(reply, Exception):
                raise reply
        if b"lease_lost" in replies:
            raise LeaseLost(changes[replies.index(b"lease_lost")].after.call_id)
        saved_ones = [one if reply == b"saved" else None
                      for one, reply in zip(written, replies, strict=True)]  # fmt: skip
        for change, is_saved in zip(changes, map(bool, saved_ones), strict=True):
            if change.lease and change.ends and is_saved:
                change.lease.ended = True
        return saved_ones

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

    def claim_probe(
        self, steps: Sequence[Step], now: datetime, lease: Lease
    ) -> tuple[Step, str] | None:
        """Take the call overdue for one of ``steps`` that has failed least, the newest first.

        Returns its step and its id, or ``None``. Raises ``LeaseLost`` as ``claim_due`` does.
        """
        again = (now + self._retention.grace).timestamp()
        keys = [self._keys.sweep_lease, self._keys.failing, *map(self._keys.due, steps)]
        found = self._claim_probe(
            keys=keys, args=[now.timestamp(), PROBE_CANDIDATES, again, lease.token]
        )
        if found is None:
            raise LeaseLost("sweep")
        return (steps[int(found[0]) - 1], text(found[1])) if found else None

    def retire(self, now: datetime, most: int) -> int:
        """Forget up to ``most`` calls whose retention has passed; return how many.

        Those that this version cannot read are kept, and wait behind the others.
        """
        due = self._redis.zrange(
            self._keys.retire, "-inf", now.timestamp(), byscore=True, offset=0, num=most
        )
        ids = [text(member) for member in due]
        calls = self.load_readable(ids)
        unread = set(ids) - {call.call_id for call in calls}
        self._damaged.defer(unread, now.timestamp())
        return sum(self._forget(call) for call in calls)

    def _values(self, call_ids: Iterable[str]) -> list[tuple[str, Any]]:
        ids = list(call_ids)
        values = self._redis.mget([self._keys.call(one) for one in ids]) if ids else []
        return list(zip(ids, values, strict=True))

    def _words(self, change: Change, saved: Call) -> tuple[list[str], list[Any]]:
        """Return the keys and arguments of the script that saves."""
        keys, call_id = self._keys, saved.call_id
        todo = [*moves(keys, change.before, saved, self._retention)]
        todo += [counted(keys, name) for name in change.counts]
        if change.insights is not None:
            document = json.dumps(change.insights, default=str)
            todo.append(("SET", keys.insights(call_id), (document,)))
        if change.lease and change.ends:
            todo.append(("DEL", keys.lease(call_id), ()))
        token = change.lease.token if change.lease else ""
        words: list[Any] = [saved.version - 1, _written(saved), token]
        for command, _, rest in todo:
            words += [command, len(rest), *rest]
        return [keys.call(call_id), keys.lease(call_id), *(key for _, key, _ in todo)], words

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
                keys.awaiting(normalised_link(call.external_url or "")),
                keys.with_extras,
            ],
            args=[call.version, call.call_id],
        )
        return int(dropped)


def _numbered(change: Change) -> Call:
    """Return the call under its next version."""
    version = change.before.version if change.before else 0
    return change.after.but(version=version + 1, format=FORMAT)


def _written(call: Call) -> str:
    return f"{call.version}\n{call.model_dump_json(exclude_none=True, exclude_defaults=True)}"
