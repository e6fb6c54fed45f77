"""The inbox: every accepted event, raw and whole, until it is handled and for days after.

A Redis stream with one consumer group. All workers read under one consumer's name: an entry is
handed out once, and one that was taken but not handled for half a minute is claimed by whoever
asks.

Events are marked as handled only by the server that handed them out. A replica that has become the
primary may hold the events without the calls that were saved from them: Redis replicates after it
has acknowledged (https://redis.io/docs/latest/operate/oss_and_stack/management/replication/). Such
events stay taken, and are handled again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text

GROUP = CONSUMER = "intake"
ABANDONED = timedelta(seconds=30)
"""A batch takes a second. With the sweep's interval, the next worker has them within a minute."""

KEPT_DEAD_LETTERS = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it came. ``deliveries`` counts how often it was handed to a handler.

    ``server`` is the run id of the Redis that handed it out: another one after each restart.
    """

    id: str
    source: str
    raw: bytes
    request_id: str
    deliveries: int = 1
    server: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not handled yet: how many events, and since when the oldest waits."""

    waiting: int
    oldest: datetime | None


class Inbox:
    """The inbox as workers see it; the ingress writes to it through its group commit."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._ack = redis.register_script(script("ack_events"))

    def take(self, most: int) -> list[Entry]:
        """Return events for handling: up to ``most`` abandoned ones, up to ``most`` new ones.

        When there is none, the next event that is stored wakes the workers again.
        """
        try:
            return self._take(most) or self._take_last(most)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self._create_group()
            return self._take(most) or self._take_last(most)

    def done(self, entries: Sequence[Entry], outcomes: Mapping[str, str]) -> bool:
        """Mark events of one ``take`` as handled; ``outcomes`` has a slug for each without a call.

        Returns false, and marks none, if another server than the one that handed them out replies:
        what was saved of them may be lost with the former.
        """
        args: list[str | int] = [GROUP, entries[0].server, len(entries)]
        args += [entry.id for entry in entries]
        for entry_id, slug in outcomes.items():
            args += [entry_id, _milliseconds(entry_id), slug]
        keys = [self._keys.inbox, self._keys.outcomes, self._keys.counters]
        return bool(self._ack(keys=keys, args=args))

    def leave(self, entry: Entry) -> None:
        """Leave an event pending as if this delivery had not been: it is claimed again later."""
        self._redis.xclaim(
            self._keys.inbox, GROUP, CONSUMER, 0, [entry.id],
            retrycount=entry.deliveries - 1, justid=True,
        )  # fmt: skip

    def move_to_dead_letters(self, entry: Entry, error: str) -> None:
        """Take an event that keeps breaking its handler out of the way, whole, with the error."""
        pipe = self._redis.pipeline(transaction=True)
        fields: dict[Any, Any] = {
            "entry": entry.id,
            "source": entry.source,
            "raw": entry.raw,
            "error": error,
        }
        pipe.xadd(self._keys.dead_letters, fields, maxlen=KEPT_DEAD_LETTERS)
        pipe.xack(self._keys.inbox, GROUP, entry.id)
        pipe.hincrby(self._keys.counters, "events.set_aside", 1)
        pipe.execute()

    def outcome(self, entry_id: str) -> str | None:
        """Return the slug of an event that changed no call, such as ``ignored.unknown_event``."""
        at = _milliseconds(entry_id)
        for member in self._redis.zrange(self._keys.outcomes, at, at, byscore=True):
            found, _, slug = text(member).partition(" ")
            if found == entry_id:
                return slug
        return None

    def backlog(self) -> Backlog:
        """Return how much waits to be handled, and since when."""
        oldest = self._oldest_unhandled()
        if oldest is None:
            return Backlog(0, None)
        group = self._group()
        waiting = int(group["pending"]) + int(group["lag"] or 0) if group else self._length()
        return Backlog(max(waiting, 1), _time(oldest))

    def trim(self, before: datetime, most: int) -> int:
        """Drop events older than ``before``, but none that is not handled; return how many.

        Up to ``most`` at once, for Redis serves nobody meanwhile. Who trims late, or beside
        another, drops nothing else: a time that has passed stays passed.
        """
        cutoff = f"{int(before.timestamp() * 1000)}-0"
        oldest = self._oldest_unhandled()
        least = min(cutoff, oldest, key=_order) if oldest else cutoff
        self._trim_outcomes(_milliseconds(least) - 1, most)
        dropped = self._redis.xtrim(self._keys.inbox, minid=least, approximate=True, limit=most)
        if not dropped:  # by number only whole nodes of the stream: this is the rest of one
            dropped = self._redis.xtrim(self._keys.inbox, minid=least, approximate=False)
        return int(dropped)

    def trim_logs(self, before: datetime) -> None:
        """Drop refused events and dead letters older than ``before``: they are personal data, too.

        There are 10,000 of each at most.
        """
        least = f"{int(before.timestamp() * 1000)}-0"
        for stream in (self._keys.refused, self._keys.dead_letters):
            self._redis.xtrim(stream, minid=least, approximate=False)

    def _take(self, most: int) -> list[Entry]:
        idle = int(ABANDONED.total_seconds() * 1000)
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.xpending_range(self._keys.inbox, GROUP, min="-", max="+", count=most, idle=idle)
        pipe.xreadgroup(GROUP, CONSUMER, {self._keys.inbox: ">"}, count=most)
        server, pending, answer = pipe.execute()
        times = {text(one["message_id"]): int(one["times_delivered"]) for one in pending}
        return [*self._claim(times, idle, _run_id(server)), *_new(answer, _run_id(server))]

    def _take_last(self, most: int) -> list[Entry]:
        """Look once more after the wake-up was taken back: what was stored before would wait."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.delete(self._keys.wakeup_pending)
        pipe.xreadgroup(GROUP, CONSUMER, {self._keys.inbox: ">"}, count=most)
        server, _, answer = pipe.execute()
        return _new(answer, _run_id(server))

    def _claim(self, times: Mapping[str, int], idle: int, server: str) -> list[Entry]:
        if not times:
            return []
        rows = self._redis.xclaim(self._keys.inbox, GROUP, CONSUMER, idle, list(times))
        return [_entry(row, times[text(row[0])] + 1, server) for row in rows]

    def _trim_outcomes(self, last: int, most: int) -> None:
        key = self._keys.outcomes
        old = self._redis.zrange(key, "-inf", last, byscore=True, offset=0, num=most)
        if old:
            self._redis.zrem(key, *old)

    def _create_group(self) -> None:
        try:
            self._redis.xgroup_create(self._keys.inbox, GROUP, id="0", mkstream=True)
        except ResponseError as error:  # two workers race to create it: either is right
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _group(self) -> Mapping[str, Any] | None:
        if not self._redis.exists(self._keys.inbox):
            return None
        groups = self._redis.xinfo_groups(self._keys.inbox)
        return next((one for one in groups if one["name"] == GROUP.encode()), None)

    def _length(self) -> int:
        return int(self._redis.xlen(self._keys.inbox))

    def _oldest_unhandled(self) -> str | None:
        group = self._group()
        if group is None:
            return self._first_after("-")
        pending = self._redis.xpending(self._keys.inbox, GROUP)
        taken = text(pending["min"]) if pending["min"] else None
        untaken = self._first_after(f"({text(group['last-delivered-id'])}")
        return min((one for one in (taken, untaken) if one), key=_order, default=None)

    def _first_after(self, start: str) -> str | None:
        rows = self._redis.xrange(self._keys.inbox, min=start, count=1)
        return text(rows[0][0]) if rows else None


def _run_id(server: Mapping[str, Any]) -> str:
    return str(server.get("run_id", ""))


def _entry(row: Any, deliveries: int, server: str) -> Entry:  # noqa: ANN401 - what Redis answers
    entry_id, fields = row
    return Entry(
        id=text(entry_id),
        source=text(fields.get(b"source", b"")),  # an entry without one ends as a dead letter
        raw=fields.get(b"raw", b""),
        request_id=text(fields.get(b"request", b"")),
        deliveries=deliveries,
        server=server,
    )


def _new(answer: Any, server: str) -> list[Entry]:  # noqa: ANN401 - what Redis answers
    return [_entry(row, 1, server) for _, rows in _streams(answer) for row in rows]


def _streams(answer: Any) -> Sequence[Any]:  # noqa: ANN401 - a list, or under RESP3 a dict
    if isinstance(answer, dict):
        return [(name, [row for part in rows for row in part]) for name, rows in answer.items()]
    return answer or []


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _milliseconds(entry_id: str) -> int:
    return _order(entry_id)[0]


def _time(entry_id: str) -> datetime:
    return datetime.fromtimestamp(_milliseconds(entry_id) / 1000, UTC)
