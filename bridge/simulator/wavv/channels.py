"""Creates the events of a sample call in the form of each channel by which WAVV's events arrive.

``v3`` is WAVV's webhook. ``sdk`` is a CRM that forwards the events of WAVV's browser SDK. ``crm``
is a CRM workflow that sends each value as a string.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bridge.domain.call import Kind
from bridge.simulator.wavv.delivery import PATH, Delivery
from bridge.simulator.wavv.samples import SampleCall

Channel = Literal["v3", "sdk", "crm"]

_V3_NAMES = {
    Kind.STARTED: "call.started",
    Kind.ENDED: "call.ended",
    Kind.RECORDED: "call.recorded",
}
_CRM_NAMES = {
    Kind.STARTED: "wavv_trigger_call_started",
    Kind.ENDED: "wavv_trigger_call_ended",
    Kind.RECORDED: "wavv_trigger_call_recorded",
}


def deliveries(
    call: SampleCall, channel: Channel = "v3", *, recorded: bool = True
) -> tuple[Delivery, ...]:
    """Create the started, ended and recorded event of a call, the last only if ``recorded``."""
    kinds = (Kind.STARTED, Kind.ENDED, Kind.RECORDED) if recorded else (Kind.STARTED, Kind.ENDED)
    return tuple(delivery(call, kind, channel) for kind in kinds)


def delivery(call: SampleCall, kind: Kind, channel: Channel = "v3") -> Delivery:
    """Create one event of a call, still without a signature or a shared secret."""
    body = SHAPES[channel](call, kind)
    return Delivery(PATH, json.dumps(body, ensure_ascii=False).encode())


def _v3(call: SampleCall, kind: Kind) -> dict[str, Any]:
    """Return the body of an event of WAVV's v3 webhook. Fields not yet known are null."""
    is_over = kind is not Kind.STARTED
    is_incoming = kind is Kind.STARTED and call.direction == "inbound"
    data = {
        "id": call.call_id,
        "teamId": "team_demo",
        "userId": call.agent_id,
        "campaignId": call.campaign_id if call.direction == "outbound" else None,
        "direction": call.direction,
        "phone": call.lead_phone,
        "callerId": call.caller_id,
        "contactId": call.lead_id,
        "contactName": call.lead_name,
        "startedAt": _iso(call.started_at),
        "answeredAt": _iso(call.answered_at) if is_over else None,
        "endedAt": _iso(call.ended_at) if is_over else None,
        "seconds": call.seconds if is_over else None,
        "outcome": call.outcome if is_over else None,
        "human": True if is_over else None,
        "recorded": kind is Kind.RECORDED,
    }
    if kind is Kind.RECORDED:
        data["recordingUrl"] = call.recording_url
    name = "call.incoming" if is_incoming else _V3_NAMES[kind]
    return {"event": name, "sentAt": _iso(call.sent_at(kind)), "data": data}


def _sdk(call: SampleCall, kind: Kind) -> dict[str, Any]:
    """Return the body of an event of the browser SDK, as a CRM forwards it.

    The CRM adds the ids and the time that the bridge needs.
    """
    payload: dict[str, Any] = {"number": call.lead_phone, "contactId": call.lead_id}
    if kind is not Kind.STARTED:
        over = {"answered": True, "human": True, "duration": call.seconds, "outcome": call.outcome}
        payload |= over
    envelope: dict[str, Any] = {
        "type": kind.value,
        "timestamp": int(call.sent_at(kind).timestamp() * 1000),
        "callId": call.call_id,
        "userId": call.agent_id,
        "payload": payload,
    }
    if kind is Kind.RECORDED:
        payload["recordingId"] = f"rec_{call.lead_id}"
        envelope["recordingUrl"] = call.recording_url
    return envelope


def _crm(call: SampleCall, kind: Kind) -> dict[str, Any]:
    """Return the body of an event that a CRM workflow sends.

    The contact is at the top level. All other values are strings in ``customData``.
    """
    is_over = kind is not Kind.STARTED
    custom = {
        "event": _CRM_NAMES[kind],
        "call_id": call.call_id,
        "ghl_user_id": call.agent_id,
        "wavv_caller_id": call.caller_id,
        "direction": call.direction,
        "start_time": _iso(call.started_at),
        "call_answered_at_timestamp": str(int(call.answered_at.timestamp())) if is_over else "",
        "end_time": _iso(call.ended_at) if is_over else "",
        "call_duration": str(call.seconds) if is_over else "",
        "outcome": call.outcome if is_over else "",
        "human": "true" if is_over else "",
        "call_recording_url": call.recording_url if kind is Kind.RECORDED else "",
        "timestamp": _iso(call.sent_at(kind)),
    }
    return {
        "contact_id": call.lead_id,
        "full_name": call.lead_name,
        "email": call.lead_email,
        "phone": f"+1{call.lead_phone}",
        "customData": custom,
    }


SHAPES: Mapping[Channel, Callable[[SampleCall, Kind], dict[str, Any]]] = {
    "v3": _v3,
    "sdk": _sdk,
    "crm": _crm,
}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
