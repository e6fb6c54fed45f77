"""Computes the Redis writes that are saved with the record of a call. The functions are pure.

The writes keep the indexes, lookups and counters in line with the record. Only differences to the
former record are written, because the save of the former record has written the rest. The due time
of a held call is always written, because a sweep may have changed it in the index.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bridge.domain.call import RESTING, Call, State
from bridge.domain.links import normalised_link
from bridge.domain.steps import next_step, sweep_at
from bridge.store.keys import Keys

RedisWrite = tuple[str, str, tuple[str | float, ...]]
"""A Redis command that writes: its name, its key, its other arguments."""


@dataclass(frozen=True, slots=True)
class Retention:
    """When the sweep may publish an overdue step again, and how long finished calls are kept.

    The sweep publishes a step ``grace`` after its due time. A call in a final state is deleted
    ``resting`` after its last change.
    """

    grace: timedelta
    resting: timedelta


def index_changes(
    keys: Keys, before: Call | None, after: Call, retention: Retention
) -> Iterator[RedisWrite]:
    """Yield the index writes to save with the call ``after``.

    ``before`` is the call at its last save, or ``None`` if the call is new.
    """
    member = after.call_id
    old = _places(keys, before, retention) if before else {}
    new = _places(keys, after, retention)
    yield from (("ZREM", key, (member,)) for key in old if key not in new)
    claimed = keys.due(step) if after.held and (step := next_step(after)) else None
    yield from (
        ("ZADD", key, (new[key], member))
        for key in new
        if new[key] != old.get(key)
        or key == claimed  # a sweep that claimed the held call has changed it
    )
    yield from _lookup_writes(keys, before, after, retention)
    known = len(before.extra_recordings) if before else 0
    if len(after.extra_recordings) > known:
        yield "HINCRBY", keys.counters, ("recordings.another", len(after.extra_recordings) - known)
    if after.state is not (before.state if before else State.LIVE):
        yield counted(keys, f"calls.{after.state}")


def counted(keys: Keys, name: str) -> RedisWrite:
    """Return the write that adds one to the counter ``name``."""
    return "HINCRBY", keys.counters, (name, 1)


def _awaited_link(call: Call | None) -> str | None:
    """Return the external URL by which a webhook of AskElephant may find the call, or ``None``.

    A call is found by its URL until its engagement is known. This includes failed calls, because
    their request may have created the engagement.
    """
    if call is None or call.engagement_id is not None:
        return None
    return None if call.state in RESTING - {State.FAILED} else call.external_url


def _lookup_writes(
    keys: Keys, before: Call | None, after: Call, retention: Retention
) -> Iterator[RedisWrite]:
    """Yield the writes of the lookups by engagement and by external URL.

    If the call gets another engagement, the entry of the former one expires after the retention of
    the record. Until then webhooks about the former engagement still find the call. The lookup by
    external URL contains only calls without a known engagement.
    """
    former, engagement_id = before.engagement_id if before else None, after.engagement_id
    if former is not None and former != engagement_id:
        yield "EXPIRE", keys.engagement(former), (int(retention.resting.total_seconds()),)
    if engagement_id is not None and engagement_id != former:
        yield "SET", keys.engagement(engagement_id), (after.call_id,)
    old_link, link = _awaited_link(before), _awaited_link(after)
    if old_link is not None and old_link != link:
        yield "SREM", keys.awaiting(normalised_link(old_link)), (after.call_id,)
    if link is not None and link != old_link:
        yield "SADD", keys.awaiting(normalised_link(link)), (after.call_id,)


def _places(keys: Keys, call: Call, retention: Retention) -> Mapping[str, float]:
    """Return the keys of the sorted sets that contain the call, with its score in each set."""
    first_heard = call.created_at.timestamp()
    places = {keys.calls: first_heard, keys.state(call.state): first_heard}
    step, due_at = next_step(call), sweep_at(call, retention.grace)
    if step is not None and due_at is not None:
        places[keys.due(step)] = due_at.timestamp()
    if call.extra_recordings:
        places[keys.with_extras] = first_heard
    if call.state in RESTING:
        places[keys.retire] = (call.updated_at + retention.resting).timestamp()
    return places
