"""From the raw bytes of a delivery to what WAVV said of a call.

WAVV's public pages never print a whole webhook body, and forwarders wrap it as they like, so the
parser is tolerant: whatever it does not know it leaves, whatever it cannot read it drops and notes.
Only an event that names no call is refused.
"""

from collections.abc import Mapping, Sequence
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
from bridge.wavv.fields import Fields, read_fields
from bridge.wavv.names import event_kind, is_incoming
from bridge.wavv.parties import parties

MOST_KEYS, LONGEST_KEY = 20, 40
"""How many keys a note lists, and how much of each."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The operator's choices. ``region`` is the country of phone numbers without a country code.

    ``inbound_lead`` is the key that holds the other party of an inbound call: reports conflict.
    It acts on events that say they are inbound; one that says no direction is read as outbound.
    ``zone`` is the time zone of times that name none.
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
    """A delivery that is acknowledged and changes no call. ``name`` is the event's, if it has one.

    ``call_id`` is the call's, if the event names one.
    """

    reason: Reason
    name: str | None = None
    call_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """An event of a call that can be read to its end. It is not read yet."""

    call_id: str
    kind: Kind
    name: str
    envelope: Envelope


def check_event(raw: bytes, reading: Reading) -> Checked | Ignored:
    """Return which call the event is about, or that it is ignored: all that a response depends on.

    Raises ``MalformedBodyError`` (see ``read_object``), or ``UnusableEventError`` for
    ``no_call_id`` and ``bad_call_id``: of an event that is one of WAVV's three, or has no name at
    all.
    """
    envelope = open_envelope(read_object(raw), reading.table)
    names = envelope.names()
    name = next((name for name in names if event_kind(name)), None)
    kind = event_kind(name) if name else None
    if name is None or kind is None:
        return _ignored(envelope, reading, is_named=bool(names))
    return Checked(find_call_id(envelope, reading.aliases), kind, name, envelope)


def parse_event(raw: bytes, reading: Reading) -> CallHeard | Ignored:
    """Return all that the delivery says of a call. Raises what ``check_event`` raises."""
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
    return CallHeard(
        checked.call_id,
        kind,
        Metadata(**fields.known, **numbers.known),
        fields.sent_at,
        (*envelope.notes, *fields.notes, *numbers.notes),
        assumed=numbers.assumed,
        details=_details(envelope, kind, fields),
        other_links=fields.other_links,
    )


def _ignored(envelope: Envelope, reading: Reading, *, is_named: bool) -> Ignored:
    """Return an event that is none of WAVV's three. Without a name it must at least name a call."""
    try:
        call_id = find_call_id(envelope, reading.aliases)
    except UnusableEventError:
        if not is_named:
            raise
        call_id = None
    return Ignored(Reason.UNKNOWN_EVENT, _label(envelope), call_id)


def _label(envelope: Envelope) -> str | None:
    """Return the unknown name for the log, cut short; never ``name``, which may be a person's."""
    names = envelope.names([key for key in NAME_KEYS if key != "name"])
    clean = (values.line(name).value for name in names)
    return next((name[:100] for name in clean if name), None)


def _details(envelope: Envelope, kind: Kind, fields: Fields) -> Mapping[str, Any]:
    """Return what the timeline shows of the event beside its notes.

    ``unread_keys`` are keys that fill no field; ``keys`` those of an event that should have had a
    link to a recording. Only names, for values are personal data.
    """
    details: dict[str, Any] = {"unusable": dict(fields.kept)} if fields.kept else {}
    if unread := _listed(envelope.unread_keys()):
        details["unread_keys"] = unread
    if kind is Kind.RECORDED and "recording_url" not in fields.known:
        details["keys"] = _listed(envelope.present_keys())
    return details


def _listed(keys: Sequence[str]) -> list[str]:
    clean = ((values.line(key).value or "")[:LONGEST_KEY] for key in keys)
    return [key for key in dict.fromkeys(clean) if key][:MOST_KEYS]
