"""From the raw bytes of a delivery to what WAVV said of a call.

WAVV's public pages never print a whole webhook body, and forwarders wrap it as they like, so the
parser is tolerant: whatever it does not know it leaves, whatever it cannot read it drops and notes.
Only what no call can be made of is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.body import read_object
from bridge.domain.call import Kind, Metadata
from bridge.domain.events import CallHeard
from bridge.errors import Unusable
from bridge.wavv import values
from bridge.wavv.aliases import ALIASES, Aliases
from bridge.wavv.envelope import NAME_KEYS, Envelope, open_envelope
from bridge.wavv.names import event_kind, is_incoming
from bridge.wavv.phones import to_e164

CALL_ID_LIMIT = 200
PHONES = ("lead_phone", "agent_phone")


@dataclass(frozen=True, slots=True)
class Reading:
    """The operator's choices. ``region`` is the country of phone numbers without a country code.

    ``inbound_lead`` is the key that holds the other party of an inbound call: reports conflict.
    It acts on events that say they are inbound; one that says no direction is read as outbound.
    """

    region: str = "US"
    aliases: Aliases = field(default_factory=lambda: ALIASES)
    inbound_lead: Literal["phone", "caller_id"] = "phone"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that is acknowledged and leads to nothing. ``name`` is the event's, if it said."""

    reason: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """An event of a call that can be read to its end. It is not read yet."""

    call_id: str
    kind: Kind
    name: str
    envelope: Envelope


def check_event(raw: bytes, reading: Reading) -> Checked | Ignored:
    """Return whose event this is, or that it is none of ours: all that an answer depends on.

    Raises ``MalformedBody`` (see ``read_object``), or ``Unusable`` for ``no_event_name``,
    ``no_call_id``, ``bad_call_id`` and ``recording_url_not_https``.
    """
    envelope = open_envelope(read_object(raw), reading.aliases)
    name = _name(envelope)
    kind = event_kind(name)
    if kind is None:
        return Ignored("unknown_event", _label(envelope))
    checked = Checked(_call_id(envelope), kind, name, envelope)
    _check_recording_url(envelope)
    return checked


def parse_event(raw: bytes, reading: Reading) -> CallHeard | Ignored:
    """Return all that the delivery says of a call. Raises what ``check_event`` raises."""
    checked = check_event(raw, reading)
    if isinstance(checked, Ignored):
        return checked
    known, notes = _read(checked.envelope)
    if is_incoming(checked.name):
        known.setdefault("direction", "inbound")
    sent_at, sent_note = _sent_at(checked.envelope)
    phones, phone_notes = _phones(known, reading)
    metadata = Metadata(**(known | phones))
    return CallHeard(
        checked.call_id, checked.kind, metadata, sent_at, notes + phone_notes + sent_note
    )


def _name(envelope: Envelope) -> str:
    """Return the first name that is one of WAVV's, else any: CRMs have a ``type`` of their own."""
    names = envelope.names()
    if not names:
        raise Unusable(
            "no_event_name",
            "The event has no name. Send it as `event` (or `type`, `eventType`, `name`): "
            "`call.started`, `call.ended` or `call.recorded`.",
        )
    return next((name for name in names if event_kind(name)), names[0])


def _label(envelope: Envelope) -> str | None:
    """Return the unknown name for the log, cut short; never ``name``, which may be a person's."""
    names = envelope.names([key for key in NAME_KEYS if key != "name"])
    written = (values.line(name).value for name in names)
    return next((name[:100] for name in written if name), None)


def _call_id(envelope: Envelope) -> str:
    found = envelope.find("call_id")
    if found is None:
        keys = ", ".join(f"`{key}`" for key in envelope.aliases["call_id"])
        raise Unusable(
            "no_call_id",
            f"The event has no call id. Send it as one of {keys} in the call's object; beside that "
            "object, the names without `id` and `uuid` count.",
        )
    is_written = isinstance(found, str | int) and not isinstance(found, bool)
    call_id = str(found).strip(" ") if is_written else ""
    if not _is_usable_id(call_id):
        raise Unusable(
            "bad_call_id",
            f"The call id must be text or a whole number, of 1 to {CALL_ID_LIMIT} printable "
            "characters.",
        )
    return call_id


def _is_usable_id(call_id: str) -> bool:
    """Ids become Redis keys, URLs and log values; U+FFFD is what broken text has become."""
    return 0 < len(call_id) <= CALL_ID_LIMIT and call_id.isprintable() and "\ufffd" not in call_id


def _read(envelope: Envelope) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return every field of the metadata that can be read, and notes of those that cannot."""
    known: dict[str, Any] = {}
    notes: list[str] = []
    for name in Metadata.model_fields:
        found = envelope.find(name)
        if found is None:
            continue
        value, flaw = values.READERS.get(name, values.line)(found)
        if value is not None:
            known[name] = value
        if flaw is not None:
            notes.append(f"{name}_{flaw}")
    return known, tuple(notes)


def _sent_at(envelope: Envelope) -> tuple[Any, tuple[str, ...]]:
    found = envelope.find_outside("sent_at")
    if found is None:
        return None, ()
    sent_at, flaw = values.moment(found)
    return sent_at, (f"sent_at_{flaw}",) if flaw else ()


def _check_recording_url(envelope: Envelope) -> None:
    url = values.text(envelope.find("recording_url")).value
    if url is not None and not values.is_https(url):
        raise Unusable(
            "recording_url_not_https",
            "The recording's URL is not https, and AskElephant fetches nothing else. Send an "
            "https URL, or leave it out until there is one.",
        )


def _phones(
    known: Mapping[str, Any], reading: Reading
) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Return both numbers as E.164; one that is no phone number passes as it came, and is noted."""
    lead, agent = known.get("lead_phone"), known.get("agent_phone")
    if reading.inbound_lead == "caller_id" and known.get("direction") == "inbound":
        lead, agent = agent, lead
    came: dict[str, str | None] = dict(zip(PHONES, (lead, agent), strict=True))
    parsed = {name: to_e164(phone or "", reading.region) for name, phone in came.items()}
    notes = tuple(f"{name}_unparsable" for name in PHONES if came[name] and not parsed[name])
    return {name: parsed[name] or came[name] for name in PHONES}, notes
