"""The fields of one event of a call: those known at its time, in the style of the sender."""

from typing import Any

from bridge.domain.call import Kind
from bridge.simulator.wavv.samples import SampleCall
from tests.crm.style import EVENT_NAMES, Fields, Style
from tests.crm.values import (
    DIRECTIONS,
    FLAGS,
    Written,
    written_moment,
    written_phone,
    written_seconds,
)

COARSE = {"us minutes": "us", "date": "iso"}
"""Finer forms for ``answered_at`` and ``ended_at``, which bound the talk time."""


def write_fields(call: SampleCall, kind: Kind, style: Style) -> Fields:
    """Return the fields of an event of this kind; unknown ones hold a blank."""
    written = _known(call, style) | _times(call, style) | _texts(call, style)
    if kind is Kind.STARTED:
        written |= _not_yet(style)
    if kind is not Kind.RECORDED:
        written["recording_url"] = Written(style.unusable_link, (None,))
        del written["transcript"], written["recorded"]
    written |= {field: blank for field, blank in style.replaced.items() if field in written}
    values = {field: each.value for field, each in written.items()}
    readings = {field: each.readings for field, each in written.items()}
    if style.has_sides:
        values["lead_side"] = values.pop("lead_phone")
        values["agent_side"] = values.pop("agent_phone")
    if style.is_incoming_only:
        _leave_direction_out(kind, style, values, readings)
    if style.is_padded:
        values["call_id"] = f"  {call.call_id} "
    values["sent_at"] = style.nothing
    if style.sent_form != "missing":
        values["sent_at"] = written_moment(call.sent_at(kind), style.sent_form, style.zone).value
    is_incoming = kind is Kind.STARTED and call.direction == "inbound"
    name = "incoming" if is_incoming else kind.value.removeprefix("Call").lower()
    return Fields(EVENT_NAMES[style.event_form](name), values, readings)


def _not_yet(style: Style) -> dict[str, Written]:
    """Return the fields that are unknown when a call has just started."""
    return {
        "answered_at": Written(style.no_time, (None,)),
        "ended_at": Written(style.no_time, (None,)),
        "seconds": Written(style.no_seconds, (None,)),
        "outcome": Written(style.nothing, (None,)),
        "note": Written(style.nothing, (None,)),
        "human": Written(style.nothing, (None,)),
    }


def _leave_direction_out(
    kind: Kind, style: Style, values: dict[str, Any], readings: dict[str, tuple[Any, ...]]
) -> None:
    """Leave the direction to the name of the first event."""
    del values["direction"]
    if kind is not Kind.STARTED:
        del readings["direction"]
        if style.has_sides:  # the numbers are assigned when all events are there
            del readings["lead_phone"], readings["agent_phone"]


def _known(call: SampleCall, style: Style) -> dict[str, Written]:
    email = f"{call.lead_name} <{call.lead_email}>" if style.email_has_name else call.lead_email
    plain = {
        "call_id": call.call_id,
        "lead_id": call.lead_id,
        "agent_id": call.agent_id,
        "campaign_id": call.campaign_id,
        "outcome": call.outcome,
        "recording_url": call.recording_url,
    }
    written = {field: Written(value, (value,)) for field, value in plain.items()}
    return written | {
        "lead_name": _name(call, style.name_form),
        "agent_name": Written("Alice Ito", ("Alice Ito",)),
        "agent_email": Written(f"{call.agent_id}@example.org", (f"{call.agent_id}@example.org",)),
        "direction": Written(DIRECTIONS[style.direction][call.direction], (call.direction,)),
        "lead_email": Written(email, (call.lead_email,)),
        "lead_phone": written_phone(call.lead_phone, style.phone),
        "agent_phone": written_phone(call.caller_id, style.line_phone),
        "seconds": written_seconds(call.seconds, _duration(style)),
    }


def _name(call: SampleCall, form: str) -> Written:
    """Write the lead's name; of a name that is rendered in part the rest may be left out."""
    first, _, last = call.lead_name.partition(" ")
    match form:
        case "unrendered":
            return Written(f"{first} {{{{contact.last_name}}}}", (first, None))
        case "undefined":
            return Written(f"{first} undefined", (first, None))
        case "both":
            return Written("{{contact.first_name}} {{contact.last_name}}", (None,))
        case "accents":
            return Written(f"Zoë {last} 👋", (f"Zoë {last} 👋",))
        case "blanks":
            return Written(f" {first}   {last}\n", (call.lead_name,))
        case _:
            return Written(call.lead_name, (call.lead_name,))


def _texts(call: SampleCall, style: Style) -> dict[str, Written]:
    flag = FLAGS[True][style.flag % len(FLAGS[True])]
    transcript = f"{call.lead_name}: Hello.\nAgent: Hello, this is Alice."
    return {
        "note": Written(style.note, (style.note,)),
        "transcript": Written(transcript, (transcript,)),
        "human": Written(flag, (True,)),
        "recorded": Written(flag, (True,)),
        "call_url": style.page,
    }


def _duration(style: Style) -> str:
    """Return the form of the talk time; an unnamed unit needs times that can be read."""
    is_hidden = style.duration == "unnamed milliseconds" and style.moment.startswith("us")
    return "number" if is_hidden else style.duration


def _times(call: SampleCall, style: Style) -> dict[str, Written]:
    fine = COARSE.get(style.moment, style.moment)
    return {
        "started_at": written_moment(call.started_at, style.moment, style.zone),
        "answered_at": written_moment(call.answered_at, fine, style.zone),
        "ended_at": written_moment(call.ended_at, fine, style.zone),
    }
