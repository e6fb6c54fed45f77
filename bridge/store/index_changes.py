"""What is written with a record: its places in the indexes, its lookups, its state's counter. Pure.

Only what differs is written, except the due time of a held call, which is always set. What is there
already was put there by the save of the record that is now replaced, in the same atomic step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bridge.domain.call import RESTING, Call, State
from bridge.domain.links import normalised_link
from bridge.domain.steps import next_step, sweep_at
from bridge.store.keys import Keys

RedisWrite = tuple[str, str, tuple[str | float, ...]]
"""A command of Redis that writes: its name, its key, its other arguments."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How the sweep treats calls: the grace of a step on its way, and when to forget."""

    grace: timedelta
    resting: timedelta


def index_changes(
    keys: Keys, before: Call | None, after: Call, retention: Retention
) -> Iterator[RedisWrite]:
    """Yield what must be written beside ``after``; ``before`` ``None`` = the call is new."""
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
    yield from _engagement_writes(keys, before, after, retention)
    yield from _link_writes(keys, _awaited_link(before), _awaited_link(after), member)
    known = len(before.extra_recordings) if before else 0
    if len(after.extra_recordings) > known:
        yield "HINCRBY", keys.counters, ("recordings.another", len(after.extra_recordings) - known)
    if after.state is not (before.state if before else State.LIVE):
        yield counted(keys, f"calls.{after.state}")


def counted(keys: Keys, name: str) -> RedisWrite:
    """Return the write that adds one to a counter."""
    return "HINCRBY", keys.counters, (name, 1)


def _awaited_link(call: Call | None) -> str | None:
    """Return the link by which AskElephant's event may find the call: until it has an engagement.

    A failed call is found, too: a request that failed may have created the engagement.
    """
    if call is None or call.engagement_id is not None:
        return None
    return None if call.state in RESTING - {State.FAILED} else call.external_url


def _link_writes(
    keys: Keys, before: str | None, after: str | None, member: str
) -> Iterator[RedisWrite]:
    """Yield the writes of the lookup by link: it holds only calls that await their engagement."""
    if before == after:
        return
    if before is not None:
        yield "SREM", keys.awaiting(normalised_link(before)), (member,)
    if after is not None:
        yield "SADD", keys.awaiting(normalised_link(after)), (member,)


def _engagement_writes(
    keys: Keys, before: Call | None, after: Call, retention: Retention
) -> Iterator[RedisWrite]:
    """Yield the lookup of a new engagement; that of one it replaced ends no later than the record.

    Until then what AskElephant says of the former one is noted on the call.
    """
    former = before.engagement_id if before else None
    if after.engagement_id == former:
        return
    if former is not None:
        yield "EXPIRE", keys.engagement(former), (int(retention.resting.total_seconds()),)
    if after.engagement_id is not None:
        yield "SET", keys.engagement(after.engagement_id), (after.call_id,)


def _places(keys: Keys, call: Call, retention: Retention) -> Mapping[str, float]:
    """Return the score that the call has in each sorted set."""
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
