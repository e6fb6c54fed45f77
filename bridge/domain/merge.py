"""Merging what the events of one call say, so that the order of processing never matters.

WAVV delivers at least once and unordered, and ``seconds``, ``outcome`` or ``disposition`` may
change after the first event. Each field keeps the value with the latest stamp: by the sender's
clock if the event has a time of sending, else by the time it was received, then by its place in the
inbox. Any order of processing the same inbox, and any repetition, ends in the same record. Null or
missing never erases a value already known.
"""

import math
from datetime import datetime
from typing import Any, NamedTuple

from bridge.domain.call import Metadata
from bridge.domain.events import CallHeard
from bridge.domain.stamps import Stamps

TEAM_CONFLICT = "team_conflict"
IN_MILLISECONDS, CUT_AT_END = "seconds_in_milliseconds", "seconds_cut_at_end"


class Merged(NamedTuple):
    """A call's metadata after an event, and slugs of what in the event contradicts the record."""

    metadata: Metadata
    stamps: Stamps
    notes: tuple[str, ...] = ()


def merge(metadata: Metadata, stamps: Stamps, event: CallHeard) -> Merged:
    """Return the metadata and its stamps with the fields of this event merged in."""
    stamp = event.stamp
    taken = {
        field: value
        for field, value in event.metadata
        if value is not None and field not in event.assumed
        if _is_later(field, value, metadata, stamps, stamp)
    }
    if not taken:
        return Merged(metadata, stamps)
    new_stamps = stamps | dict.fromkeys(taken, stamp)
    directed = _directed(metadata.model_copy(update=taken), new_stamps)
    merged, notes = _within_call(directed, metadata, is_new="seconds" in taken)
    if len({metadata.team_id, event.metadata.team_id} - {None}) > 1:
        notes = (*notes, TEAM_CONFLICT)
    return Merged(merged, new_stamps, notes)


def _is_later(
    field: str,
    value: Any,  # noqa: ANN401 - metadata fields are of many types
    metadata: Metadata,
    stamps: Stamps,
    stamp: tuple[float, int],
) -> bool:
    """Return whether an event's value replaces the record's. ``recorded`` stays true once it is.

    Events before the recording have ``recorded: false``, and may come late.
    """
    if field not in stamps:
        return True
    if field == "recorded":
        return (value, stamp) >= (bool(metadata.recorded), stamps[field])
    return stamp >= stamps[field]


def _directed(metadata: Metadata, stamps: Stamps) -> Metadata:
    """Return the metadata with the lead's number and ours taken from ``from`` and ``to``.

    On an inbound call ``from`` is the lead's. Without a direction the call is read as outbound
    until an event names one. A number that an event gave as the lead's or as ours is kept.
    """
    if metadata.from_phone is None and metadata.to_phone is None:
        return metadata
    lead, ours = metadata.to_phone, metadata.from_phone
    if metadata.direction == "inbound":
        lead, ours = ours, lead
    named_lead = metadata.lead_phone if "lead_phone" in stamps else None
    if named_lead is not None and named_lead == ours:
        ours = lead
    ends = {"lead_phone": lead, "agent_phone": ours}
    return metadata.model_copy(update={k: v for k, v in ends.items() if k not in stamps})


def _within_call(
    metadata: Metadata, before: Metadata, *, is_new: bool
) -> tuple[Metadata, tuple[str, ...]]:
    """Return the metadata with the talk time bounded by the call's answer and end; note it once.

    The reported time is kept, because a later event may correct answer and end. A longer number
    is read as milliseconds if it then fits; any other is cut.
    """
    reported = metadata.seconds if is_new else metadata.reported_seconds or metadata.seconds
    longest = longest_talk(metadata.answered_at or metadata.started_at, metadata.ended_at)
    if reported is None or longest is None or reported <= longest:
        kept = {"seconds": reported, "reported_seconds": None}
        return metadata.model_copy(update=kept), ()
    is_milliseconds = reported // 1000 in range(1, longest + 1)
    seconds = reported // 1000 if is_milliseconds else longest
    bounded = metadata.model_copy(update={"seconds": seconds, "reported_seconds": reported})
    if (before.seconds, before.reported_seconds) == (seconds, reported):
        return bounded, ()
    return bounded, (IN_MILLISECONDS if is_milliseconds else CUT_AT_END,)


def longest_talk(begun: datetime | None, ended: datetime | None) -> int | None:
    """Return the seconds from answer (else start) to end; ``None`` = they are not known."""
    if begun is None or ended is None or ended <= begun:
        return None
    return math.ceil((ended - begun).total_seconds())
