"""Five products: the field names and envelopes of their webhooks, by their public pages.

- HighLevel, workflow webhook: https://help.gohighlevel.com/support/solutions/articles/155000003299
- HubSpot, calls: https://developers.hubspot.com/docs/api/crm/calls
- Zapier, webhooks: https://help.zapier.com/hc/en-us/articles/8496083355661
- Salesforce, VoiceCall:
  https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_objects_voicecall.htm
- Pipedrive, call logs: https://developers.pipedrive.com/docs/api/v1/CallLogs

Customers choose names in all of them, so names of WAVV's own webhook occur in each.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tests.crm.style import Fields, Product, Style

Json = dict[str, Any]

COMMON: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "call_id": ("call_id", "call_uuid"),
        "event": ("event", "event_type"),
        "direction": ("direction", "call_direction"),
        "lead_id": ("contact_id",),
        "lead_name": ("contact_name", "full_name"),
        "lead_email": ("contact_email", "email"),
        "lead_phone": ("phone", "phone_number", "contact_phone", "number"),
        "agent_id": ("user_id", "agent_id"),
        "agent_phone": ("caller_id",),
        "campaign_id": ("campaign_id",),
        "started_at": ("started_at", "start_time", "call_start_time"),
        "answered_at": ("answered_at",),
        "ended_at": ("ended_at", "end_time", "call_end_time"),
        "seconds": ("seconds", "duration", "call_duration", "duration_seconds"),
        "outcome": ("outcome", "call_outcome", "call_status"),
        "recording_url": ("recording_url", "call_recording_url", "media_url"),
        "sent_at": ("sent_at",),
        "agent_name": ("agent_name", "user_name"),
        "agent_email": ("agent_email", "user_email"),
        "note": ("note", "call_note"),
        "transcript": ("transcript", "call_transcript", "transcription"),
        "human": ("human", "is_human"),
        "recorded": ("recorded", "is_recorded"),
        "call_url": ("call_url", "external_url"),
    }
)
EVERY_MOMENT = (
    *("iso", "microseconds", "offset", "epoch", "epoch text", "epoch ms", "epoch ms text"),
    *("naive", "blank", "utc", "mail", "http", "javascript", "us", "us minutes", "date"),
)
EVERY_DURATION = (
    *("number", "text", "decimal", "clock", "short clock", "units", "words"),
    "unnamed milliseconds",
)


def _event_name_field(fields: Fields, style: Style) -> Json:
    return {style.spelled(style.keys["event"]): fields.name}


def _wrapped(fields: Fields, style: Style) -> Json:
    """Return the payload in the envelope of the style, without the product's own keys.

    Forwarders join keys with two underscores, put objects into lists or text, or wrap WAVV's whole
    delivery.
    """
    inner = _with_objects(fields, style) if style.is_nested else style.spelled_values(fields)
    event = _event_name_field(fields, style)
    if style.sent_outside and style.envelope != "flat":
        key = style.spelled(style.keys["sent_at"])
        event |= {key: inner.pop(key)}
    form, _, container = style.envelope.rpartition(" ")
    return WRAPS[form](container, event, inner)


OBJECTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "contact": {"lead_id": "id", "lead_name": "name", "lead_email": "email"},
        "user": {"agent_id": "id", "agent_name": "name", "agent_email": "email"},
        "recording": {"recording_url": "url"},
    }
)
"""Objects within the call's object, and the names of their fields."""


def _with_objects(fields: Fields, style: Style) -> Json:
    """Return the values, with contact, user and recording in their own objects."""
    placed = {field for names in OBJECTS.values() for field in names}
    outer = {field: fields.values[field] for field in fields.values if field not in placed}
    inner = style.spelled_values(Fields(fields.name, outer, {}))
    for name, names in OBJECTS.items():
        known = {key: fields.values[field] for field, key in names.items()}
        inner[style.spelled(name)] = {
            style.spelled(key): style.as_sent(value) for key, value in known.items()
        }
    return inner


WRAPS: Mapping[str, Callable[[str, Json, Json], Json]] = {
    "": lambda name, event, inner: event | (inner if name == "flat" else {name: inner}),
    "flattened": lambda name, event, inner: (
        event | {f"{name}__{key}": value for key, value in inner.items()}
    ),
    "text": lambda name, event, inner: event | {name: json.dumps(inner)},
    "list": lambda name, event, inner: event | {name: [inner]},
    "inside": lambda name, event, inner: {name: event | inner},
    "forwarded": lambda name, event, inner: {
        "type": "webhook.received",
        name: event | {"data": inner},
    },
    "forwarded-text": lambda name, event, inner: {
        "type": "webhook.received",
        name: json.dumps(event | {"data": inner}),
    },
}


def _highlevel(fields: Fields, style: Style) -> Json:
    """Return the contact's standard fields and the call in ``customData``, all as text.

    A common mapping has the contact's id as ``id`` in ``customData``.
    """
    values = fields.values
    outside = ("lead_id", "lead_name", "lead_email", "lead_phone")
    contact = {field: values[field] for field in outside if field in values}
    custom = style.spelled_values(
        Fields(fields.name, {f: values[f] for f in values if f not in contact}, {})
    )
    stray = {"id": style.call.lead_id} if style.has_stray_id else {}
    first, _, last = style.call.lead_name.partition(" ")
    standard = {"lead_id": "contact_id", "lead_name": "full_name", "lead_email": "email"}
    named = standard | {"lead_phone": "phone"}
    return {
        **{named[field]: style.as_sent(value) for field, value in contact.items()},
        "first_name": first,
        "last_name": last,
        "tags": "",
        "country": "US",
        "contact_type": "lead",
        "location": {"id": "loc_1", "name": "Example Solar", "country": "US"},
        "user": {
            "firstName": "Alice",
            "email": f"{style.call.agent_id}@example.org",
            "phone": style.call.caller_id,
        },
        "workflow": {"id": "wf_1", "name": "Call Recorded to bridge"},
        "triggerData": {},
        "contact": {"attributionSource": {"medium": "manual", "url": None}},
        "customData": stray | _event_name_field(fields, style) | custom,
    }


def _hubspot(fields: Fields, style: Style) -> Json:
    """Return the properties that a workflow sends, with the ids of the enrolled object."""
    outer = {"objectId": 51299, "objectTypeId": "0-48", "portalId": 4412, "hs_object_id": "51299"}
    return outer | _wrapped(fields, style)


def _zapier(fields: Fields, style: Style) -> Json:
    """Return the body of a Zap: flat, flattened by two underscores, or JSON as text."""
    outer = {"id": "evt_777", "hook": {"id": 812, "event": "hook.fired"}, "zap": "Calls to bridge"}
    return (outer if style.envelope != "flat" else {}) | _wrapped(fields, style)


def _salesforce(fields: Fields, style: Style) -> Json:
    """Return a flow's callout, or a platform event with its own ``event`` object."""
    attributes = {"type": "VoiceCall", "url": "/services/data/v61.0/sobjects/VoiceCall/0LQ5e01"}
    if style.envelope.startswith("inside"):
        return {"schema": "x1Yz", **_wrapped(fields, style), "event": {"replayId": 4711}}
    return {"attributes": attributes, "OwnerId": "0055e000001", **_wrapped(fields, style)}


def _pipedrive(fields: Fields, style: Style) -> Json:
    """Return a webhook of version 2 with ``data``, ``meta`` and ``previous``."""
    body = _wrapped(fields, style)
    data = body.get("data")
    stray = {"type": "call", "subject": "Call", "person_id": 3, "org_id": 2, "deal_id": 1}
    if isinstance(data, dict):
        body["data"] = stray | ({"id": 5} if style.has_stray_id else {}) | data
    meta = {"action": "change", "entity": "activity", "id": "7f1c", "company_id": 12882925}
    return {"meta": meta, "previous": {"id": 5, "duration": "00:00:00"}, **body}


HIGHLEVEL = Product(
    "highlevel",
    keys={
        **COMMON,
        "call_id": ("call_id", "call_uuid"),
        "agent_id": ("ghl_user_id", "user_id"),
        "agent_phone": ("wavv_caller_id", "caller_id"),
        "answered_at": ("answered_at", "call_answered_at_timestamp"),
    },
    sides=(("from", "to"),),
    spellings=("snake", "camel", "kebab", "title"),
    moments=EVERY_MOMENT,
    durations=EVERY_DURATION,
    envelopes=("customData",),
    wrap=_highlevel,
    is_text=True,
)
HUBSPOT = Product(
    "hubspot",
    keys={
        **COMMON,
        "direction": ("hs_call_direction", "direction"),
        "recording_url": ("hs_call_recording_url", "recording_url"),
    },
    sides=(("hs_call_from_number", "hs_call_to_number"), ("from", "to")),
    spellings=("snake", "camel", "upper"),
    moments=("iso", "epoch ms", "epoch ms text", "naive", "us", "offset"),
    durations=("number", "text"),
    milliseconds=("hs_call_duration", "call_duration_ms", "duration_milliseconds"),
    envelopes=("flat", "payload", "body"),
    wrap=_hubspot,
    has_objects=True,
)
ZAPIER = Product(
    "zapier",
    keys={**COMMON, "call_id": ("call_id", "id", "uuid"), "event": ("event", "event_type", "name")},
    sides=(("from", "to"),),
    spellings=("snake", "camel", "kebab", "title", "capitals"),
    moments=EVERY_MOMENT,
    durations=EVERY_DURATION,
    milliseconds=("duration_ms",),
    envelopes=(
        *("flat", "data", "payload", "Data", "text data", "text payload", "text body"),
        *("flattened data", "flattened custom_data", "list data", "forwarded body"),
        *("forwarded payload", "forwarded-text body"),
    ),
    wrap=_zapier,
    is_text=True,
    has_objects=True,
)
SALESFORCE = Product(
    "salesforce",
    keys={
        **COMMON,
        "direction": ("call_type", "direction"),
        "started_at": ("call_start_date_time", "started_at"),
        "answered_at": ("call_connect_date_time", "call_accept_date_time", "answered_at"),
        "ended_at": ("call_end_date_time", "ended_at"),
        "seconds": ("call_duration_in_seconds", "call_duration"),
    },
    sides=(("from_phone_number", "to_phone_number"),),
    spellings=("pascal", "custom field"),
    moments=("salesforce", "iso", "offset"),
    durations=("number", "decimal"),
    envelopes=("flat", "payload", "inside payload", "text payload"),
    wrap=_salesforce,
)
PIPEDRIVE = Product(
    "pipedrive",
    keys=COMMON,
    sides=(("from_phone_number", "to_phone_number"), ("from", "to")),
    spellings=("snake", "camel"),
    moments=("blank", "iso", "utc", "epoch"),
    durations=("number", "text", "clock"),
    envelopes=("data",),
    wrap=_pipedrive,
    has_objects=True,
)
PRODUCTS = {
    product.name: product for product in (HIGHLEVEL, HUBSPOT, ZAPIER, SALESFORCE, PIPEDRIVE)
}
