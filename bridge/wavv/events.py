"""Parses the raw bytes of a WAVV event into the metadata of a call.

WAVV's public pages print no whole webhook body, and forwarders wrap the body in many ways. So the
parser is tolerant: it ignores unknown keys, drops values that it cannot read, and notes each
dropped value. It refuses only an event without a call id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Literal

from bridge.domain.call import Kind, Metadata
from bridge.domain.events import CallHeard
from bridge.errors import UnusableEventError
from bridge.reasons import Reason
from bridge.strict_json import read_object
from bridge.wavv import values
from bridge.wavv.aliases import ALIASES, Aliases, KeyTable, key_table
from bridge.wavv.call_id import find_call_id
from bridge.wavv.envelope import NAME_KEYS, Envelope, open_envelope
from bridge.wavv.fields import read_fields
from bridge.wavv.names import event_kind, is_incoming
from bridge.wavv.parties import parties

MOST_KEYS, LONGEST_KEY = 20, 40
"""How many keys a note lists, and how many characters of each."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The settings for reading WAVV's events.

    ``region`` is the country of phone numbers without a country code. ``inbound_lead`` is the key
    of the other party's number on inbound calls, about which integrators disagree. ``zone`` is the
    time zone of times without one.
    """

    region: str = "US"
    aliases: Aliases = field(default_factory=lambda: ALIASES)
    inbound_lead: Literal["phone", "caller_id"] = "phone"
    zone: tzinfo = UTC
    table: KeyTable = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", key_table(self.aliases))


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that is acknowledged and changes no call. ``reason`` is the slug of the cause.

    ``name`` and ``call_id`` are ``None`` if the event has no name or no call id.
    """

    reason: Reason
    name: str | None = None
    call_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """A call's event (started, ended or recorded) with a call id. Its fields are not read yet."""

    call_id: str
    kind: Kind
    name: str
    envelope: Envelope


def check_event(raw: bytes, reading: Reading) -> Checked | Ignored:
    """Return the event's kind and call id, or ``Ignored``. The web process needs no more fields.

    Raises ``MalformedBodyError`` if the body is not a JSON object. Raises ``UnusableEventError`` if
    a started, ended or recorded event, or an event without a name, has no usable call id.
    """
    envelope = open_envelope(read_object(raw), reading.table)
    names = envelope.names()
    name = next((name for name in names if event_kind(name)), None)
    kind = event_kind(name) if name else None
    if name is not None and kind is not None:
        return Checked(find_call_id(envelope, reading.aliases), kind, name, envelope)
    try:
        call_id = find_call_id(envelope, reading.aliases)
    except UnusableEventError:
        if not names:
            raise
        call_id = None
    # For the log, and never the key ``name``, whose value may be a person's name.
    labels = envelope.names([key for key in NAME_KEYS if key != "name"])
    lines = (values.line(text).value for text in labels)
    label = next((line[:100] for line in lines if line), None)
    return Ignored(Reason.UNKNOWN_EVENT, label, call_id)


def parse_event(raw: bytes, reading: Reading) -> CallHeard | Ignored:
    """Return all metadata of the call in the event. Raises the errors of ``check_event``."""
    checked = check_event(raw, reading)
    if isinstance(checked, Ignored):
        return checked
    envelope, kind = checked.envelope, checked.kind
    found = envelope.fields()
    fields = read_fields(found, kind, reading.zone)
    if is_incoming(checked.name):
        fields.known.setdefault("direction", "inbound")
    swaps, direction = reading.inbound_lead == "caller_id", fields.known.get("direction")
    numbers = parties(found, direction, reading.region, swaps=swaps)
    # The timeline shows keys only, because values are personal data.
    details: dict[str, Any] = {"unusable": dict(fields.kept)} if fields.kept else {}
    if unread := _listed(envelope.unread_keys()):
        details["unread_keys"] = unread
    if kind is Kind.RECORDED and "recording_url" not in fields.known:
        details["keys"] = _listed(envelope.present_keys())
    return CallHeard(
        checked.call_id,
        kind,
        Metadata(**fields.known, **numbers.known),
        fields.sent_at,
        (*envelope.notes, *fields.notes, *numbers.notes),
        assumed=numbers.assumed,
        details=details,
        other_links=fields.other_links,
    )


def _listed(keys: Sequence[str]) -> list[str]:
    clean = ((values.line(key).value or "")[:LONGEST_KEY] for key in keys)
    return [key for key in dict.fromkeys(clean) if key][:MOST_KEYS]
