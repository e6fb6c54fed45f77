"""Finding calls: by engagement, by link, by page, by count."""

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
"""Calls that may await their engagement under one link and still be looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list of calls, newest first: after the call with this time and id."""

    at: float
    call_id: str


class Lookup:
    """Reading views on the calls. Nothing here changes a call."""

    def __init__(self, redis: Redis, keys: Keys, calls: CallStore) -> None:
        self._redis = redis
        self._keys = keys
        self._calls = calls

    def by_engagement(self, engagement_id: str, external_url: str | None) -> Call | None:
        """Return the call behind an engagement: by its id, else by its link.

        A link finds a call only if that call awaits its engagement and no other one with the link
        does (an operator's template may name the contact only): otherwise the response to the POST
        names the engagement.
        """
        call_id = self._redis.get(self._keys.engagement(engagement_id))
        if call_id is not None:
            return self._calls.load(text(call_id))
        return self._by_link(external_url) if external_url is not None else None

    def ids_of(self, engagement_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the id of the call behind each engagement that is known to be a call's."""
        keys = [self._keys.engagement(one) for one in engagement_ids]
        found = self._redis.mget(keys) if keys else []
        pairs = zip(engagement_ids, found, strict=True)
        return {engagement: text(call_id) for engagement, call_id in pairs if call_id is not None}

    def park(self, engagement_id: str, entry: str, keep: timedelta) -> None:
        """Keep a transcript event whose call is not known yet, until the POST's answer asks."""
        self._redis.set(self._keys.parked(engagement_id), entry, ex=keep)

    def parked_many(self, engagement_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the inbox entries of transcript events that came before their calls were known."""
        keys = [self._keys.parked(one) for one in engagement_ids]
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
        """Yield calls, the newest first, from after ``until`` back to ``since``, in chunks.

        Each chunk starts at the last place seen, not at a count: calls come and go meanwhile. Calls
        that a newer version of the bridge wrote are left out. ``has_extras`` yields those with more
        than one recording, in any state.
        """
        key = self._keys.state(state) if state else self._keys.calls
        key = self._keys.with_extras if has_extras else key
        oldest = since.timestamp() if since else "-inf"
        end, offset = until or Place(math.inf, ""), 0
        while rows := self._rows(key, end.at, oldest, offset):
            places = [place for place in rows if _is_after(place, end)]
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
        """Return how many calls the sweep would publish now, by step."""
        pipe = self._redis.pipeline(transaction=False)
        for step in STEPS:
            pipe.zcount(self._keys.due(step), "-inf", now.timestamp())
        return dict(zip((step.name for step in STEPS), pipe.execute(), strict=True))

    def _by_link(self, external_url: str) -> Call | None:
        """Return the only call that awaits its engagement under this link, or ``None``.

        Loads ``MOST_SHARING`` calls at most, for thousands may share a link.
        """
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

    def _rows(self, key: str, newest: float, oldest: float | str, offset: int) -> list[Place]:
        rows: Any = self._redis.zrevrangebyscore(
            key, newest, oldest, start=offset, num=CHUNK, withscores=True
        )
        return [Place(score, text(member)) for member, score in rows]


def _is_after(place: Place, until: Place) -> bool:
    return (place.at, place.call_id) < (until.at, until.call_id)
