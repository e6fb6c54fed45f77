"""The timeline of a call: everything that happened to it, in order, bounded."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

KEPT_FIRST = 20
KEPT_LAST = 39
SHORTENED = "timeline.shortened"


class TimelineEntry(BaseModel):
    """One thing that happened; ``what`` is its slug, further keys are its details."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    at: datetime
    what: str


def extend(
    timeline: tuple[TimelineEntry, ...],
    at: datetime,
    what: str,
    **details: Any,  # noqa: ANN401 - details are any JSON
) -> tuple[TimelineEntry, ...]:
    """Append an entry. Past 60 entries the middle gives way to one that counts what it held."""
    known = {key: value for key, value in details.items() if value is not None}
    grown = (*timeline, TimelineEntry(at=at, what=what, **known))
    if len(grown) <= KEPT_FIRST + 1 + KEPT_LAST:
        return grown
    gap, last = grown[KEPT_FIRST:-KEPT_LAST], grown[-KEPT_LAST:]
    marker = TimelineEntry(at=gap[-1].at, what=SHORTENED, entries=sum(map(_weight, gap)))
    return (*grown[:KEPT_FIRST], marker, *last)


def _weight(entry: TimelineEntry) -> int:
    return (entry.model_extra or {}).get("entries", 1) if entry.what == SHORTENED else 1
