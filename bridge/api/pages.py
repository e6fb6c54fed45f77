"""Pages of the list of calls, with an opaque cursor and a bounded number of reads per page."""

import base64
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.api.search import Search, search_for
from bridge.domain.call import Call, State
from bridge.store.lookup import Lookup, Place

SCANNED = 5000
"""The most calls that are read for one page. The cursor of the page continues from there."""


@dataclass(frozen=True, slots=True)
class Query:
    """A filter for the list of calls. ``since`` and ``until`` bound the time of the first event.

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
        """Return whether a call passes the filter. The index has already compared the times."""
        if self.state not in {None, call.state} or self.reason not in {None, call.reason}:
            return False
        if self.has_extras and not call.extra_recordings:
            return False
        return self.search is None or self.search.finds(call)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of calls. ``next_cursor`` is ``None`` on the last page."""

    calls: list[Call]
    next_cursor: str | None


def page(lookup: Lookup, query: Query, cursor: str | None, limit: int) -> Page:
    """Return a page of up to ``limit`` matching calls, the newest first.

    Raises ``ValueError`` if ``cursor`` is not the cursor of an earlier page.
    """
    found: list[Call] = []
    start = Place(query.until.timestamp(), "") if query.until else None
    if cursor is not None:
        start = _place(cursor)
    rows = lookup.newest(query.state, start, query.since, has_extras=query.has_extras)
    for scanned, (place, call) in enumerate(rows, start=1):
        if query.holds(call):
            found.append(call)
        if len(found) == limit or scanned == SCANNED:
            following = base64.urlsafe_b64encode(f"{place.at!r} {place.call_id}".encode())
            return Page(found, following.decode().rstrip("="))
    return Page(found, None)


def aware(at: datetime | None) -> datetime | None:
    """Return a time with a time zone. A time without one is in UTC."""
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _place(cursor: str) -> Place:
    """Return the position in the list that a cursor encodes. Raises ``ValueError`` if invalid."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, _, call_id = text.decode().partition(" ")
        place = Place(float(at), call_id)
    except ValueError:  # also raised for text that is not base64 and for bytes that are not UTF-8
        place = None
    if place is None or not math.isfinite(place.at):
        raise ValueError("cursor must be the next_cursor of an earlier page")
    return place
