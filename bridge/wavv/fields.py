"""Reading the fields of the metadata from the values that were found for them."""

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
"""How much of an unusable value the timeline shows."""

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
"""How each field is read; moments and durations apart, a field that is not named here is a line."""

_NOT_READ_HERE = frozenset({"call_id", *PHONE_FIELDS})


@dataclass(frozen=True, slots=True)
class Fields:
    """What was read. ``kept`` holds unusable values that the timeline shows, by field.

    ``other_links`` lead to recordings that the event lists behind the first.
    """

    known: dict[str, Any]
    notes: tuple[str, ...]
    kept: Mapping[str, str]
    sent_at: datetime | None
    other_links: tuple[str, ...] = ()


def read_fields(found: Mapping[str, Sequence[Found]], kind: Kind, zone: tzinfo) -> Fields:
    """Return every field that can be read, and notes of those that cannot.

    A time of sending without a zone of its own is dropped: it orders events, and would be hours off
    against those that have one.
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
            options = _directions(options)  # noqa: PLW2901 - as above
        value, flaw = _first_read(field, options, zone)
        if value is not None:
            known[field] = value
        if flaw is not None:
            notes.append(f"{field}_{flaw}")
            kept |= _kept(field, flaw, options)
    sent_at = known.pop("sent_at", None)
    notes += _in_seconds(known)
    if kind is Kind.RECORDED and "recording_url" not in known and not _is_link_flawed(notes):
        notes.append(LINK_MISSING)
    if f"sent_at_{WITHOUT_ZONE}" in notes:
        sent_at = None
    other_links = _other_links(known, found.get("recording_url", ()))
    return Fields(known, tuple(notes), kept, sent_at, other_links)


def _other_links(known: Mapping[str, Any], options: Sequence[Found]) -> tuple[str, ...]:
    """Return the links that the value of the recording's link holds behind that link."""
    own = known.get("recording_url")
    listed = (recordings.links(value) for _, _, value in options) if own else ()
    return tuple(next((links[1:] for links in listed if links[:1] == [own]), ()))


def _is_link_flawed(notes: Sequence[str]) -> bool:
    """Return whether a note already gives the reason for which there is no recording link."""
    return any(note.startswith("recording_url_") for note in notes)


def _in_seconds(known: dict[str, Any]) -> list[str]:
    """Convert a talk time that fits the call only as milliseconds; return the notes."""
    begun = known.get("answered_at") or known.get("started_at")
    longest = longest_talk(begun, known.get("ended_at"))
    seconds = known.get("seconds")
    if seconds is None or longest is None or seconds <= longest:
        return []
    if seconds // 1000 not in range(1, longest + 1):
        return []
    known["seconds"] = seconds // 1000
    return [IN_MILLISECONDS]


def _directions(options: Sequence[Found]) -> Sequence[Found]:
    """Return the options that name a direction: a ``callType`` may hold anything else."""
    named = [one for one in options if values.direction(one[2]).value in {"inbound", "outbound"}]
    return named or [one for one in options if "direction" in one[1]]


def _first_read(field: str, options: Sequence[Found], zone: tzinfo) -> Read:
    """Return the first value that can be read; if none can, the first flaw."""
    first: Read | None = None
    for _, key, value in options:
        read = _read(field, key, value, zone)
        if read.value is not None:
            return read
        if first is None or first.flaw is None:
            first = read
    return first or Read(None)


def _read(field: str, key: str, value: object, zone: tzinfo) -> Read:
    if field in MOMENTS:
        return moment(value, zone)
    if field == "seconds":
        return seconds_of(key, value)
    return READERS.get(field, values.line)(value)


def _kept(field: str, flaw: str, options: Sequence[Found]) -> Mapping[str, str]:
    """Return an unusable value for the timeline.

    An e-mail that is not one address, and a link that AskElephant cannot fetch, are never sent.
    """
    if flaw != values.UNUSABLE:
        return {}
    if field == "recording_url":
        texts = [link for _, _, value in options for link in recordings.web_links(value)]
    else:
        texts = [text for _, _, value in options if (text := values.line(value).value)]
    return {field: texts[0][:KEPT_CHARACTERS]} if texts else {}
