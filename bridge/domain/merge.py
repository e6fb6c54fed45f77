"""Merges the metadata of a call's events, so that the order of processing does not matter.

Integrators report that WAVV delivers events at least once and unordered, and that ``seconds``,
``outcome`` and ``disposition`` may change after the first event. WAVV documents neither. Each field
keeps the value with the latest stamp. A stamp is the time of sending (else the time of receipt) of
an event, and then its position in the inbox. Any order of the same events, and any repetition,
leads to the same record. A null and a missing field never erase a known value.
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
    """The metadata of a call after an event, and slugs of contradictions between the two."""

    metadata: Metadata
    stamps: Stamps
    notes: tuple[str, ...] = ()


def merge(metadata: Metadata, stamps: Stamps, event: CallHeard) -> Merged:
    """Return the metadata of a call and its stamps, merged with the fields of ``event``."""
    stamp = event.stamp
    newer = {
        field: value
        for field, value in event.metadata
        if value is not None and field not in event.assumed
        if _is_later(field, value, metadata, stamps, stamp)
    }
    if not newer:
        return Merged(metadata, stamps)
    new_stamps = stamps | dict.fromkeys(newer, stamp)
    directed = _directed(metadata.model_copy(update=newer), new_stamps)
    merged, notes = _within_call(directed, metadata, is_new="seconds" in newer)
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
    """Return whether the value in an event replaces the value of this field on the record.

    ``recorded`` never changes from true to false: events that were sent before the recording have
    ``recorded: false``, and may arrive late.
    """
    if field not in stamps:
        return True
    if field == "recorded":
        return (value, stamp) >= (bool(metadata.recorded), stamps[field])
    return stamp >= stamps[field]


def _directed(metadata: Metadata, stamps: Stamps) -> Metadata:
    """Return the metadata with lead and agent phone from ``from_phone`` and ``to_phone``.

    On an inbound call, ``from_phone`` is the lead's. A call counts as outbound until an event
    names the direction. A number that an event named explicitly as the lead's or the agent's is
    kept.
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
    """Return the metadata with a talk time that fits into the call, and a slug if it was changed.

    A reported talk time that is longer than the call counts as milliseconds if it then fits into
    the call. Else it is cut to the length of the call. The reported time is kept, because a later
    event may correct the begin or end of the call.
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
    """Return the seconds from ``begun`` to ``ended``, rounded up, or ``None`` if not known."""
    if begun is None or ended is None or ended <= begun:
        return None
    return math.ceil((ended - begun).total_seconds())
