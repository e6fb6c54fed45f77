"""The evidence after a run: the sandbox's journal, the bridge's API and its inbox."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from bridge.store.inbox import Inbox
from bridge.store.keys import Keys
from tests.chaos.senders import Acknowledged
from tests.support.bridge_client import Bridge, Json
from tests.support.waiting import WITHIN

ALL_CALLS = "/api/calls?limit=200"

FLOOD = "flood"
"""The request id of the events of ``event-flood``, which belong to no planned call."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event in the inbox.

    ``outcome`` is the counted outcome of an event that changed no call, else ``None``.
    """

    entry: str
    source: str
    raw: bytes
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the invariant is checked against."""

    acknowledged: Sequence[Acknowledged]
    unsent: Sequence[str]
    journal: Json
    calls: Mapping[str, Json]
    stats: Json
    inbox: Sequence[Stored]
    dead_letters: int


def gather(
    bridge: Bridge,
    journal: Json,
    redis: Redis,
    keys: Keys,
    sent: tuple[Sequence[Acknowledged], Sequence[str]],
) -> Evidence:
    """Collect the evidence.

    ``journal`` was read before, so that each event that it shows as delivered is in the inbox.
    """
    stats = _stats_once_handled(bridge)
    return Evidence(
        acknowledged=sent[0],
        unsent=sent[1],
        journal=journal,
        calls={call_id: bridge.call(call_id) for call_id in _call_ids(bridge)},
        stats=stats,
        inbox=list(_stored(redis, keys)),
        dead_letters=int(redis.xlen(keys.dead_letters)),
    )


def about(stored: Stored) -> tuple[str, str]:
    """Return the type of an AskElephant event and the id of its engagement."""
    event: dict[str, Any] = json.loads(stored.raw)
    return event["type"], event["data"]["object"]["id"]


def _stats_once_handled(bridge: Bridge) -> Json:
    """Return the statistics when the inbox is empty; AskElephant resends webhooks for minutes."""
    end = time.monotonic() + WITHIN
    while (stats := bridge.stats())["inbox"]["waiting"] and time.monotonic() < end:
        time.sleep(0.1)
    return stats


def _call_ids(bridge: Bridge) -> Iterator[str]:
    path: str | None = ALL_CALLS
    while path is not None:
        page = bridge.get(path).raise_for_status().json()
        yield from (call["call_id"] for call in page["data"])
        cursor = page["next_cursor"]
        path = f"{ALL_CALLS}&cursor={cursor}" if cursor else None


def _stored(redis: Redis, keys: Keys) -> Iterator[Stored]:
    inbox = Inbox(redis, keys)
    rows: list[tuple[bytes, dict[bytes, bytes]]] = redis.xrange(keys.inbox)  # type: ignore[assignment]  # redis-py's types do not distinguish bytes from text
    for entry, fields in rows:
        if fields[b"request"] == FLOOD.encode():
            continue
        name = entry.decode()
        yield Stored(name, fields[b"source"].decode(), fields[b"raw"], inbox.outcome(name))
