"""Finds calls by engagement or external URL, and lists and counts calls."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from bridge.domain.call import Call, State
from bridge.domain.links import normalised_link
from bridge.domain.steps import STEPS
from bridge.store.calls import CallStore
from bridge.store.keys import Keys
from bridge.store.replies import text

CHUNK = 100
MOST_SHARING = 10
"""The most calls with the same link that are loaded to find the call of an engagement."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the list of calls, newest first: directly after the call with this time and id.

    ``at`` is the creation time of that call, in seconds since 1970.
    """

    at: float
    call_id: str


class Lookup:
    """Finds and lists calls, and stores transcript events whose call is not known yet."""

    def __init__(self, redis: Redis, keys: Keys, calls: CallStore) -> None:
        self._redis = redis
        self._keys = keys
        self._calls = calls

    def by_engagement(self, engagement_id: str, external_url: str | None) -> Call | None:
        """Return the call of an engagement, or ``None`` if no call is found.

        The call is found by the id of the engagement, else by the external URL. The URL finds only
        a call without a known engagement, and only if no other such call has the same URL. Calls
        share a URL if, for example, the operator's template contains only the id of the contact.
        The bridge then gets the id of the engagement from the response to the submission. At
        most ``MOST_SHARING`` calls are loaded, because thousands may share a URL.
        """
        call_id = self._redis.get(self._keys.engagement(engagement_id))
        if call_id is not None:
            return self._calls.load(text(call_id))
        if external_url is None:
            return None
        pipe = self._redis.pipeline(transaction=False)
        for key in (
            self._keys.awaiting(normalised_link(external_url)),
            self._keys.url(external_url),
        ):
            pipe.srandmember(key, MOST_SHARING + 1)
        members = {text(member) for found in pipe.execute() for member in found}
        if not 0 < len(members) <= MOST_SHARING:
            return None
        calls = self._calls.load_many(sorted(members))
        awaiting = [call for call in calls if call.engagement_id is None]
        return awaiting[0] if len(awaiting) == 1 else None

    def ids_of(self, engagement_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of calls by engagement id, for the engagements that belong to a call."""
        keys = [*map(self._keys.engagement, engagement_ids)]
        found = self._redis.mget(keys) if keys else []
        pairs = zip(engagement_ids, found, strict=True)
        return {engagement: text(call_id) for engagement, call_id in pairs if call_id is not None}

    def park(self, engagement_id: str, entry: str, keep: timedelta) -> None:
        """Store the inbox id ``entry`` of a transcript event whose call is not known yet.

        The event is applied when the response to the submission names the engagement.
        """
        self._redis.set(self._keys.parked(engagement_id), entry, ex=keep)

    def parked_many(self, engagement_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the inbox ids of stored transcript events, by engagement id: see ``park``."""
        keys = [*map(self._keys.parked, engagement_ids)]
        found = self._redis.mget(keys) if keys else []
        pairs = zip(engagement_ids, found, strict=True)
        return {engagement: text(entry) for engagement, entry in pairs if entry is not None}

    def newest(
        self,
        state: State | None,
        until: Place | None,
        since: datetime | None,
        *,
        has_extras: bool = False,
    ) -> Iterator[tuple[Place, Call]]:
        """Yield the calls created between ``since`` and the position ``until``, the newest first.

        If ``has_extras`` is true, only calls with extra recordings are yielded, in any state. Calls
        that this version cannot read are left out. The calls are read in chunks. A chunk starts
        after the last call of the chunk before, because calls may be added and deleted between two
        chunks.
        """
        key = self._keys.state(state) if state else self._keys.calls
        key = self._keys.with_extras if has_extras else key
        oldest = since.timestamp() if since else "-inf"
        end, offset = until or Place(math.inf, ""), 0
        while True:
            rows: Any = self._redis.zrevrangebyscore(
                key, end.at, oldest, start=offset, num=CHUNK, withscores=True
            )
            if not rows:
                return
            listed = (Place(score, text(member)) for member, score in rows)
            places = [row for row in listed if (row.at, row.call_id) < (end.at, end.call_id)]
            end, offset = (places[-1], 0) if places else (end, offset + len(rows))
            found = {c.call_id: c for c in self._calls.load_readable(p.call_id for p in places)}
            yield from ((p, found[p.call_id]) for p in places if p.call_id in found)

    def counts(self) -> Mapping[str, int]:
        """Return the number of calls in each state."""
        pipe = self._redis.pipeline(transaction=False)
        for state in State:
            pipe.zcard(self._keys.state(state))
        return dict(zip(map(str, State), pipe.execute(), strict=True))

    def overdue(self, now: datetime) -> Mapping[str, int]:
        """Return how many calls are overdue, by the name of their next step."""
        pipe = self._redis.pipeline(transaction=False)
        for step in STEPS:
            pipe.zcount(self._keys.due(step), "-inf", now.timestamp())
        return dict(zip((step.name for step in STEPS), pipe.execute(), strict=True))
