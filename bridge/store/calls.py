"""Stores calls in Redis: one record for each call, saved together with its index entries.

Only the record decides what a call needs. A Celery message is a hint to read the record. If two
workers change the same call at the same time, the second worker finds a newer version of the record
when it saves (compare-and-set), and makes its decision again from that version.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import ResponseError

from bridge.domain.call import Call
from bridge.domain.insights import insights_of
from bridge.domain.links import normalised_link
from bridge.errors import CallContendedError, DamagedRecordError, LeaseLostError, NewerRecordError
from bridge.store.changes import Change, Edit, Saved, decided, is_own, numbered, written
from bridge.store.damaged import Damage, DamagedRecords
from bridge.store.index_changes import Retention, counted, index_changes
from bridge.store.keys import Keys
from bridge.store.lease import Lease
from bridge.store.lua import script
from bridge.store.records import (
    is_damaged,
    is_wrong_type,
    read_call,
    read_insights,
    wrong_type,
)
from bridge.store.replies import text

ATTEMPTS = 100
SHOWN_IDS = 10
log = structlog.get_logger(__name__)


class CallStore:
    """Loads and saves the records of calls in Redis."""

    def __init__(self, redis: Redis, keys: Keys, retention: Retention) -> None:
        self._redis = redis
        self._keys = keys
        self._retention = retention
        self._damaged = DamagedRecords(redis, keys)
        self._save = redis.register_script(script("save_calls"))
        self._drop = redis.register_script(script("drop_call"))

    def load(self, call_id: str) -> Call | None:
        """Return the call with this id, or ``None`` if it has no record.

        Raises ``NewerRecordError`` if a newer version of the bridge wrote the record, and
        ``DamagedRecordError`` if no version can have written the record.
        """
        value: Any
        try:
            value = self._redis.get(self._keys.call(call_id))
        except ResponseError as error:
            value = wrong_type(error)
        return self.read(call_id, value)

    def read(self, call_id: str, value: Any) -> Call | None:  # noqa: ANN401 - what Redis returned
        """Return the call whose stored record is ``value``; raises as ``load`` does."""
        try:
            return read_call(call_id, value)
        except DamagedRecordError:
            self._damaged.note([call_id])
            raise

    def load_many(self, call_ids: Iterable[str]) -> list[Call]:
        """Return the calls with these ids in the same order, without those that have no record.

        Raises as ``load`` does.
        """
        read = (self.read(call_id, value) for call_id, value in self._values(call_ids))
        return [call for call in read if call is not None]

    def _read_many(self, call_ids: Iterable[str]) -> list[Call | Exception | None]:
        """Return for each id what ``load`` returns, or the error that ``load`` raises."""
        read: list[Call | Exception | None] = []
        for call_id, value in self._values(call_ids):
            try:
                read.append(self.read(call_id, value))
            except (NewerRecordError, DamagedRecordError) as error:
                read.append(error)
        return read

    def load_readable(self, call_ids: Iterable[str]) -> list[Call]:
        """Return the calls with these ids whose record exists and can be read by this version.

        Calls with a damaged record are added to the list of damaged records.
        """
        calls: list[Call] = []
        damaged: list[str] = []
        newer: list[str] = []
        for call_id, value in self._values(call_ids):
            try:
                call = read_call(call_id, value)
            except NewerRecordError:
                newer.append(call_id)
            except DamagedRecordError:
                damaged.append(call_id)
            else:
                calls += [call] if call else []
        if newer:
            log.warning(
                "calls.written_by_newer_version",
                count=len(newer),
                call_ids=newer[:SHOWN_IDS],
                detail="The list omits these calls. Update this process.",
            )
        self._damaged.note(damaged)
        return calls

    def damage(self) -> Damage:
        """Return the list of calls whose record is damaged.

        Calls whose record an operator has repaired are removed from the list first.
        """
        ids = self._damaged.listed().call_ids
        pipe = self._redis.pipeline(transaction=False)
        for call_id in ids:
            pipe.get(self._keys.call(call_id))
        values = pipe.execute(raise_on_error=False)
        self._damaged.forget(c for c, v in zip(ids, values, strict=True) if not is_damaged(c, v))
        return self._damaged.listed()

    def insights(self, call: Call) -> dict[str, Any]:
        """Return the insights of the call's engagement that have been fetched so far."""
        value: Any
        try:
            value = self._redis.get(self._keys.insights(call.call_id))
        except ResponseError as error:
            value = wrong_type(error)
        return insights_of(read_insights(call.call_id, value), call.engagement_id)

    def update(
        self,
        call_id: str,
        decide: Callable[[Call | None], Call | None],
        *,
        known: Call | None = None,
        insights: Mapping[str, Any] | None = None,
        lease: Lease | None = None,
    ) -> Call | None:
        """Save the result of one edit; return the call after it, or ``None`` if there is no call.

        Works as ``update_many`` does, but raises the error of the edit.
        """
        edit = Edit(call_id=call_id, decide=decide, known=known, insights=insights, lease=lease)
        (result,) = self.update_many([edit])
        if isinstance(result, Exception):
            raise result
        return result.after

    def update_many(self, edits: Sequence[Edit]) -> list[Saved | Exception]:
        """Decide and save each edit. If another worker has saved the call since, decide again.

        One round trip to Redis reads the calls whose edit has no ``known`` call, and one round trip
        saves all changes. A failed edit does not affect the others: the error is returned at its
        position. Such errors are ``LeaseLostError`` if the lease has expired,
        ``CallContendedError`` if the call changed during each of 100 attempts, the errors of
        ``load``, and any error that ``decide`` of the edit raised.
        """
        results: dict[int, Saved | Exception] = {}
        left: dict[int, Call | Exception | None] = {
            place: edit.known for place, edit in enumerate(edits)
        }
        unknown = [place for place, call in left.items() if call is None]
        found = self._read_many(edits[place].call_id for place in unknown)
        left |= zip(unknown, found, strict=True)
        for attempt in range(ATTEMPTS):
            changes: dict[int, Change] = {}
            for place, before in left.items():
                result = decided(edits[place], before)
                if isinstance(result, Change):
                    changes[place] = result
                else:
                    results[place] = result
            replies = zip(changes.items(), self.save_many([*changes.values()]), strict=True)
            conflicts = []
            for (place, change), reply in replies:
                if reply is None:
                    conflicts.append(place)
                elif isinstance(reply, Exception):
                    results[place] = reply
                else:
                    results[place] = Saved(change.before, reply)
            if not conflicts:
                return [results[place] for place in range(len(edits))]
            time.sleep(random.uniform(0, 0.002 * (attempt + 1)))  # noqa: S311 - spreads competing workers
            left = {}
            found = self._read_many(edits[place].call_id for place in conflicts)
            for place, before in zip(conflicts, found, strict=True):
                change = changes[place]
                if isinstance(before, Call) and is_own(change, before):
                    results[place] = Saved(change.before, before)
                else:
                    left[place] = before
        results |= {place: CallContendedError(edits[place].call_id) for place in left}
        return [results[place] for place in range(len(edits))]

    def save_many(self, changes: Sequence[Change]) -> list[Call | Exception | None]:
        """Save all changes in one round trip; return for each the saved call, or an error.

        The result of a change is ``None`` if another worker has saved the call since it was read,
        and ``LeaseLostError`` if the lease of the change has expired. Other errors come from Redis.
        """
        if not changes:
            return []
        calls = [numbered(change) for change in changes]
        keys: list[str] = []
        args: list[Any] = []
        for change, call in zip(changes, calls, strict=True):
            todo = [*index_changes(self._keys, change.before, call, self._retention)]
            todo += [counted(self._keys, name) for name in change.counts]
            if change.insights is not None:
                document = json.dumps(change.insights, default=str)
                todo.append(("SET", self._keys.insights(call.call_id), (document,)))
            lease = self._keys.lease(call.call_id)
            if change.lease and change.ends:
                todo.append(("DEL", lease, ()))
            keys += [self._keys.call(call.call_id), lease, *(key for _, key, _ in todo)]
            token = change.lease.token if change.lease else ""
            args += [len(todo), call.version - 1, written(call), token]
            for command, _, rest in todo:
                args += [command, len(rest), *rest]
        replies = self._save(keys=keys, args=args)
        return [
            self._result(change, call, reply)
            for change, call, reply in zip(changes, calls, replies, strict=True)
        ]

    def _result(self, change: Change, saved: Call, reply: Any) -> Call | Exception | None:  # noqa: ANN401 - what Redis returned
        if reply == b"saved":
            if change.lease and change.ends:
                change.lease.ended = True
            return saved
        if reply == b"conflict":
            return None
        if reply == b"lease_lost":
            return LeaseLostError(saved.call_id)
        if is_wrong_type(reply):
            self._damaged.note([saved.call_id])
            return DamagedRecordError(saved.call_id)
        return reply if isinstance(reply, Exception) else ResponseError(repr(reply))

    def retire(self, now: datetime, most: int) -> int:
        """Delete up to ``most`` calls whose retention has passed; return the number of deleted.

        Calls that this version cannot read are kept. They are moved behind the others in the index,
        so that they do not block the deletion of the others.
        """
        due = self._redis.zrange(
            self._keys.retire, "-inf", now.timestamp(), byscore=True, offset=0, num=most
        )
        ids = [text(member) for member in due]
        calls = self.load_readable(ids)
        unread = set(ids) - {call.call_id for call in calls}
        self._damaged.defer(unread, now.timestamp())
        deleted, keys = 0, self._keys
        for call in calls:
            deleted += self._drop(
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
        return deleted

    def _values(self, call_ids: Iterable[str]) -> list[tuple[str, Any]]:
        ids = list(call_ids)
        values = self._redis.mget([self._keys.call(call_id) for call_id in ids]) if ids else []
        return list(zip(ids, values, strict=True))
