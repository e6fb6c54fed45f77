"""The fields of one event of a call: which are known at that time, and how they are written."""

from bridge.domain.call import Kind
from bridge.wavv.samples import SampleCall
from tests.crm.style import EVENT_NAMES, Fields, Style
from tests.crm.values import (
    DIRECTIONS,
    Written,
    written_moment,
    written_phone,
    written_seconds,
)

COARSE = {"us minutes": "us", "date": "iso"}
"""Forms that only the start is written in: a talk time is never longer than from answer to end."""


def write_fields(call: SampleCall, kind: Kind, style: Style) -> Fields:
    """Return what the sender knows when ``kind`` happens; what it does not know yet is a blank."""
    written = _known(call, style) | _times(call, style)
    if kind is Kind.STARTED:
        later = ("answered_at", "ended_at", "seconds", "outcome")
        written |= dict.fromkeys(later, Written(style.nothing, (None,)))
    if kind is not Kind.RECORDED:
        written["recording_url"] = Written(style.unusable_link, (None,))
    written |= {field: blank for field, blank in style.replaced.items() if field in written}
    values = {field: one.value for field, one in written.items()}
    readings = {field: one.readings for field, one in written.items()}
    if style.has_sides:
        values["lead_side"], values["agent_side"] = (
            values.pop("lead_phone"),
            values.pop("agent_phone"),
        )
    values["sent_at"] = written_moment(call.told_at(kind), "iso", style.zone).value
    return Fields(_event_name(call, kind, style), values, readings)


def _known(call: SampleCall, style: Style) -> dict[str, Written]:
    email = f"{call.lead_name} <{call.lead_email}>" if style.email_has_name else call.lead_email
    plain = {
        "call_id": call.call_id,
        "lead_id": call.lead_id,
        "lead_name": call.lead_name,
        "agent_id": call.agent_id,
        "campaign_id": call.campaign_id,
        "outcome": call.outcome,
        "recording_url": call.recording_url,
    }
    written = {field: Written(value, (value,)) for field, value in plain.items()}
    return written | {
        "direction": Written(DIRECTIONS[style.direction][call.direction], (call.direction,)),
        "lead_email": Written(email, (call.lead_email,)),
        "lead_phone": written_phone(call.lead_phone, style.phone),
        "agent_phone": written_phone(call.caller_id, style.line_phone),
        "seconds": written_seconds(call.seconds, _duration(style)),
    }


def _duration(style: Style) -> str:
    """Return the form of the talk time: an unnamed unit shows only beside times that are read."""
    is_hidden = style.duration == "unnamed milliseconds" and style.moment.startswith("us")
    return "number" if is_hidden else style.duration


def _times(call: SampleCall, style: Style) -> dict[str, Written]:
    fine = COARSE.get(style.moment, style.moment)
    return {
        "started_at": written_moment(call.started_at, style.moment, style.zone),
        "answered_at": written_moment(call.answered_at, fine, style.zone),
        "ended_at": written_moment(call.ended_at, fine, style.zone),
    }


def _event_name(call: SampleCall, kind: Kind, style: Style) -> str:
    if kind is Kind.STARTED and call.direction == "inbound":
        return EVENT_NAMES[style.event_form]("incoming")
    return EVENT_NAMES[style.event_form](kind.value.removeprefix("Call").lower())
