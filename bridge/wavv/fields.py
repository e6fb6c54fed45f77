"""Reads the fields of a call's metadata from the values that the event holds for each field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from bridge.domain.call import Kind
from bridge.domain.merge import IN_MILLISECONDS, longest_talk
from bridge.wavv import recordings, values
from bridge.wavv.durations import seconds_of
from bridge.wavv.envelope import Found
from bridge.wavv.parties import PHONE_FIELDS
from bridge.wavv.read import Read
from bridge.wavv.times import WITHOUT_ZONE, moment

LINK_MISSING = "recording_url_missing"
KEPT_CHARACTERS = 300
"""How many characters of an unusable value the timeline shows."""

MOMENTS = frozenset({"started_at", "answered_at", "ended_at", "sent_at"})
READERS: Mapping[str, Callable[[object], Read]] = {
    "direction": values.direction,
    "lead_id": values.identifier,
    "lead_name": values.name,
    "lead_email": values.email,
    "agent_id": values.identifier,
    "agent_name": values.name,
    "agent_email": values.email,
    "team_id": values.identifier,
    "group_id": values.identifier,
    "campaign_id": values.identifier,
    "human": values.flag,
    "recorded": values.flag,
    "note": values.text,
    "summary": values.text,
    "transcript": values.text,
    "recording_url": recordings.link,
    "call_url": values.page,
}
"""The reader of each field. A field that is not listed is a time, a duration, or a line of text."""

_DIRECTIONS = frozenset(("inbound", "outbound"))
_NOT_READ_HERE = frozenset({"call_id", *PHONE_FIELDS})


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a call that were read from one event.

    ``kept`` maps a field to its unusable value, which the call's timeline shows. ``other_links``
    are links to the recordings that the event lists after the first one.
    """

    known: dict[str, Any]
    notes: tuple[str, ...]
    kept: Mapping[str, str]
    sent_at: datetime | None
    other_links: tuple[str, ...] = ()


def read_fields(found: Mapping[str, Sequence[Found]], kind: Kind, zone: tzinfo) -> Fields:
    """Return every field that can be read, and notes about the fields that cannot be read.

    ``sent_at`` without a time zone is dropped: it orders the events, and could be hours off.
    """
    known: dict[str, Any] = {}
    notes: list[str] = []
    kept: dict[str, str] = {}
    for field, options in found.items():
        if field in _NOT_READ_HERE:
            continue
        if field == "recording_url" and kind is not Kind.RECORDED:
            options = [one for one in options if one[1] != "url"]  # noqa: PLW2901 - fewer of them
        if field == "direction":
            # ``callType`` may hold a direction or anything else.
            readable = [one for one in options if values.direction(one[2]).value in _DIRECTIONS]
            options = readable or [one for one in options if "direction" in one[1]]  # noqa: PLW2901 - fewer of them
        value, flaw = _first_read(field, options, zone)
        if value is not None:
            known[field] = value
        if flaw is not None:
            notes.append(f"{field}_{flaw}")
            kept |= _kept(field, flaw, options)
    sent_at = known.pop("sent_at", None)
    notes += _in_seconds(known)
    own_link, listed = known.get("recording_url"), found.get("recording_url", ())
    has_note = any(note.startswith("recording_url_") for note in notes)
    if kind is Kind.RECORDED and own_link is None and not has_note:
        notes.append(LINK_MISSING)
    if f"sent_at_{WITHOUT_ZONE}" in notes:
        sent_at = None
    lists = (recordings.links(value) for _, _, value in listed) if own_link else ()
    others = next((links[1:] for links in lists if links[:1] == [own_link]), ())
    return Fields(known, tuple(notes), kept, sent_at, tuple(others))


def _in_seconds(known: dict[str, Any]) -> list[str]:
    """Convert ``seconds`` from milliseconds if it exceeds the length of the call. Return notes."""
    begun = known.get("answered_at") or known.get("started_at")
    longest = longest_talk(begun, known.get("ended_at"))
    seconds = known.get("seconds")
    if seconds is None or longest is None or seconds <= longest:
        return []
    if seconds // 1000 not in range(1, longest + 1):
        return []
    known["seconds"] = seconds // 1000
    return [IN_MILLISECONDS]


def _first_read(field: str, options: Sequence[Found], zone: tzinfo) -> Read:
    """Return the first value that can be read. If none can, return the first flaw."""
    first: Read | None = None
    for _, key, value in options:
        if field in MOMENTS:
            read = moment(value, zone)
        elif field == "seconds":
            read = seconds_of(key, value)
        else:
            read = READERS.get(field, values.line)(value)
        if read.value is not None:
            return read
        if first is None or first.flaw is None:
            first = read
    return first or Read(None)


def _kept(field: str, flaw: str, options: Sequence[Found]) -> Mapping[str, str]:
    """Return an unusable value by its field, for the call's timeline.

    Only two kinds of values are kept: an e-mail field that is not one address, and a recording's
    link that AskElephant cannot fetch.
    """
    if flaw != values.UNUSABLE:
        return {}
    if field == "recording_url":
        texts = [link for _, _, value in options for link in recordings.web_links(value)]
    else:
        texts = [text for _, _, value in options if (text := values.line(value).value)]
    return {field: texts[0][:KEPT_CHARACTERS]} if texts else {}
