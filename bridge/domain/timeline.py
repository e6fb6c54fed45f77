"""The timeline of a call: everything that happened to it, in order, in at most 60 entries."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

KEPT_FIRST = 20
KEPT_LAST = 39
SHORTENED = "timeline.shortened"


class TimelineEntry(BaseModel):
    """One event on the timeline; ``what`` is its slug, further keys are its details."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    at: datetime
    what: str


def extend(
    timeline: tuple[TimelineEntry, ...],
    at: datetime,
    what: str,
    **details: Any,  # noqa: ANN401 - details are any JSON
) -> tuple[TimelineEntry, ...]:
    """Return the timeline with one more entry.

    Beyond 60 entries, those in the middle are replaced by one entry that counts them.
    """
    known = {key: value for key, value in details.items() if value is not None}
    grown = (*timeline, TimelineEntry(at=at, what=what, **known))
    if len(grown) <= KEPT_FIRST + 1 + KEPT_LAST:
        return grown
    gap, last = grown[KEPT_FIRST:-KEPT_LAST], grown[-KEPT_LAST:]
    replaced = sum(
        (entry.model_extra or {}).get("entries", 1) if entry.what == SHORTENED else 1
        for entry in gap
    )
    marker = TimelineEntry(at=gap[-1].at, what=SHORTENED, entries=replaced)
    return (*grown[:KEPT_FIRST], marker, *last)
