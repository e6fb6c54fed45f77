"""Pages of calls: an opaque cursor, and a search whose cost is bounded."""

import base64
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.api.search import Search, search_for
from bridge.domain.call import Call, State
from bridge.store.lookup import Lookup, Place

SCANNED = 5000
"""A search looks at this many calls per page; its cursor goes on from there."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which calls are asked for: ``since`` and ``until`` bound when they were first heard of.

    ``q`` is any part of an id, name, e-mail address or link, or a phone number in any spelling.
    """

    state: State | None = None
    q: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None
    has_extras: bool = False
    search: Search | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "search", None if self.q is None else search_for(self.q))

    def holds(self, call: Call) -> bool:
        """Tell whether the call is one of them, by what may change of it."""
        if self.state not in {None, call.state} or self.reason not in {None, call.reason}:
            return False
        if self.has_extras and not call.extra_recordings:
            return False
        return self.search is None or self.search.finds(call)


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, and the cursor of the next page if there may be one."""

    calls: list[Call]
    next_cursor: str | None


def page(lookup: Lookup, query: Query, cursor: str | None, limit: int) -> Page:
    """Return up to ``limit`` calls; raise ``ValueError`` for a cursor that is not ours."""
    found: list[Call] = []
    place = None
    start, has_extras = _start(query, cursor), query.has_extras
    rows = lookup.newest(query.state, start, query.since, has_extras=has_extras)
    for scanned, (place, call) in enumerate(rows, start=1):
        if query.holds(call):
            found.append(call)
        if len(found) == limit or scanned == SCANNED:
            return Page(found, _cursor(place))
    return Page(found, None)


def aware(at: datetime | None) -> datetime | None:
    """Take a time without a zone as UTC."""
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _start(query: Query, cursor: str | None) -> Place | None:
    if cursor is not None:
        return _place(cursor)
    return Place(query.until.timestamp(), "") if query.until else None


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.at!r} {place.call_id}".encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, _, call_id = text.decode().partition(" ")
        place = Place(float(at), call_id)
    except ValueError:  # also what is not base64, and what is not UTF-8
        place = None
    if place is None or not math.isfinite(place.at):
        raise ValueError("cursor must be the next_cursor of an earlier page")
    return place
