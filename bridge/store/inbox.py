"""The inbox: a Redis stream of all accepted webhook events with their raw bodies.

An event stays in the inbox until a worker has handled it, and for some days after. All workers read
under the name of one consumer, so that each event is delivered to one worker. If an event is not
handled within 30 seconds of its delivery, the next worker that reads claims it.

An event is acknowledged only to the Redis server that delivered it. A replica that has become the
primary may have the event, but not the call that was saved from the event, because Redis replicates
after it has replied
(https://redis.io/docs/latest/operate/oss_and_stack/management/replication/). Such an event stays
pending and is handled again.
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
"""A delivered event that no worker has handled after this time is delivered again.

A batch of events needs about a second. If a worker is killed, another worker handles its events
within a minute: this time, and the interval of the sweep.
"""

KEPT_DEAD_LETTERS = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the inbox, with its body as it was received.

    ``deliveries`` is how often the event was delivered to a worker. ``server`` is the run id of the
    Redis process that delivered the event.
    """

    id: str
    source: str
    raw: bytes
    request_id: str
    deliveries: int = 1
    server: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The number of events that are not handled yet, and when the oldest of them was received."""

    waiting: int
    oldest: datetime | None


class Inbox:
    """Reads, acknowledges and trims the events of the inbox.

    Events are added by ``bridge.ingress``.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._ack = redis.register_script(script("ack_events"))

    def take(self, most: int) -> list[Entry]:
        """Return up to ``most`` abandoned events and up to ``most`` new events to a worker.

        If there are none, the next event that is stored wakes a worker again. An abandoned event
        was delivered to a worker that has not handled it in time.
        """
        try:
            return self._take(most) or self._take_last(most)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
        try:
            self._redis.xgroup_create(self._keys.inbox, GROUP, id="0", mkstream=True)
        except ResponseError as error:  # another worker has just created it
            if not str(error).startswith("BUSYGROUP"):
                raise
        return self._take(most) or self._take_last(most)

    def done(self, entries: Sequence[Entry], outcomes: Mapping[str, str]) -> bool:
        """Acknowledge the events that one ``take`` has returned, as handled.

        ``outcomes`` maps the id of each event that changed no call to a slug. If another Redis
        server delivered the events, returns false and acknowledges none of them, because the calls
        that were saved from the events may be lost with the former server.
        """
        args: list[str | int] = [GROUP, entries[0].server, len(entries)]
        args += [entry.id for entry in entries]
        for entry_id, slug in outcomes.items():
            args += [entry_id, _milliseconds(entry_id), slug]
        keys = [self._keys.inbox, self._keys.outcomes, self._keys.counters]
        return bool(self._ack(keys=keys, args=args))

    def leave(self, entry: Entry) -> None:
        """Leave an event pending, so that it is delivered again. This delivery is not counted.

        https://redis.io/docs/latest/commands/xclaim/
        """
        self._redis.xclaim(
            self._keys.inbox, GROUP, CONSUMER, 0, [entry.id],
            retrycount=entry.deliveries - 1, justid=True,
        )  # fmt: skip

    def move_to_dead_letters(self, entry: Entry, error: str) -> None:
        """Move an event whose handler keeps failing to the dead letters, with its error."""
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

    def first_received(self) -> datetime | None:
        """Return when the oldest stored event was received, or ``None`` if the inbox is empty."""
        first = self._first_after("-")
        return datetime.fromtimestamp(_milliseconds(first) / 1000, UTC) if first else None

    def backlog(self) -> Backlog:
        """Return how many events are not handled yet, and when the oldest was received."""
        oldest = self._oldest_unhandled()
        if oldest is None:
            return Backlog(0, None)
        if group := self._group():
            # The lag may be unknown: https://redis.io/commands/xinfo-groups/
            waiting = int(group["pending"]) + int(group["lag"] or 0)
        else:
            waiting = int(self._redis.xlen(self._keys.inbox))
        received_at = datetime.fromtimestamp(_milliseconds(oldest) / 1000, UTC)
        return Backlog(max(waiting, 1), received_at)

    def trim(self, before: datetime, most: int) -> int:
        """Delete handled events older than ``before``; return the number of deleted events.

        Deletes up to ``most`` events, because Redis runs no other command during the deletion. Two
        processes may trim at the same time.
        """
        cutoff = f"{int(before.timestamp() * 1000)}-0"
        oldest = self._oldest_unhandled()
        least = min(cutoff, oldest, key=_order) if oldest else cutoff
        key, last = self._keys.outcomes, _milliseconds(least) - 1
        if old := self._redis.zrange(key, "-inf", last, byscore=True, offset=0, num=most):
            self._redis.zrem(key, *old)
        dropped = self._redis.xtrim(self._keys.inbox, minid=least, approximate=True, limit=most)
        # An approximate trim deletes only whole nodes of the stream. The rest is less than a node:
        # https://redis.io/docs/latest/commands/xtrim/
        if not dropped:
            dropped = self._redis.xtrim(self._keys.inbox, minid=least, approximate=False)
        return int(dropped)

    def trim_logs(self, before: datetime) -> None:
        """Delete rejected events and dead letters older than ``before``: they hold personal data.

        There are at most 10,000 of each.
        """
        least = f"{int(before.timestamp() * 1000)}-0"
        for stream in (self._keys.refused, self._keys.dead_letters):
            self._redis.xtrim(stream, minid=least, approximate=False)

    def _take(self, most: int) -> list[Entry]:
        """Return abandoned and new events to a worker, in one or two round trips to Redis."""
        idle = int(ABANDONED.total_seconds() * 1000)
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.xpending_range(self._keys.inbox, GROUP, min="-", max="+", count=most, idle=idle)
        pipe.xreadgroup(GROUP, CONSUMER, {self._keys.inbox: ">"}, count=most)
        info, pending, streams = pipe.execute()
        server = _run_id(info)
        times = {text(row["message_id"]): int(row["times_delivered"]) for row in pending}
        claimed: Any = []
        if times:
            claimed = self._redis.xclaim(self._keys.inbox, GROUP, CONSUMER, idle, list(times))
        abandoned = [_entry(row, times[text(row[0])] + 1, server) for row in claimed]
        return [*abandoned, *_new(streams, server)]

    def _take_last(self, most: int) -> list[Entry]:
        """Delete the mark of a pending wake-up, then return events that were stored before.

        An event that is stored while the mark exists wakes no worker. Without this second read,
        such an event would wait for the sweep.
        """
        pipe = self._redis.pipeline(transaction=False)
        pipe.info("server")
        pipe.delete(self._keys.wakeup_pending)
        pipe.xreadgroup(GROUP, CONSUMER, {self._keys.inbox: ">"}, count=most)
        info, _, streams = pipe.execute()
        return _new(streams, _run_id(info))

    def _group(self) -> Mapping[str, Any] | None:
        if not self._redis.exists(self._keys.inbox):
            return None
        groups = self._redis.xinfo_groups(self._keys.inbox)
        return next((group for group in groups if group["name"] == GROUP.encode()), None)

    def _oldest_unhandled(self) -> str | None:
        group = self._group()
        if group is None:
            return self._first_after("-")
        pending = self._redis.xpending(self._keys.inbox, GROUP)
        delivered = text(pending["min"]) if pending["min"] else None
        new = self._first_after(f"({text(group['last-delivered-id'])}")
        return min((entry for entry in (delivered, new) if entry), key=_order, default=None)

    def _first_after(self, start: str) -> str | None:
        rows = self._redis.xrange(self._keys.inbox, min=start, count=1)
        return text(rows[0][0]) if rows else None


def _run_id(info: Mapping[str, Any]) -> str:
    return str(info.get("run_id", ""))


def _entry(row: Any, deliveries: int, server: str) -> Entry:  # noqa: ANN401 - what Redis returned
    entry_id, fields = row
    return Entry(
        id=text(entry_id),
        source=text(fields.get(b"source", b"")),  # an event without source becomes a dead letter
        raw=fields.get(b"raw", b""),
        request_id=text(fields.get(b"request", b"")),
        deliveries=deliveries,
        server=server,
    )


def _new(streams: Any, server: str) -> list[Entry]:  # noqa: ANN401 - a list, under RESP3 a dict
    """Return the events of the inbox from a reply to XREADGROUP, which read only this stream."""
    if isinstance(streams, dict):
        rows = [row for parts in streams.values() for part in parts for row in part]
    else:
        rows = [row for _, part in streams or [] for row in part]
    return [_entry(row, 1, server) for row in rows]


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _milliseconds(entry_id: str) -> int:
    return _order(entry_id)[0]
