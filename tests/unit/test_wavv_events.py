"""What a delivery says of a call."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from bridge.domain.call import Kind
from bridge.wavv.aliases import with_additions
from bridge.wavv.events import Ignored, Reading, check_event
from tests.support.wavv_events import READING, V3_RECORDED, heard, said


def test_the_v3_webhook_is_read_whole() -> None:
    """Channel A, with every key of the contract; null and empty are missing."""
    event = heard(V3_RECORDED)
    assert event.call_id == "019242a1-7c5e-7b64-a7c4-1f0f6b1d2c3d"
    assert event.kind is Kind.RECORDED
    assert event.sent_at == datetime(2026, 5, 13, 14, 2, 10, tzinfo=UTC)
    assert event.notes == ()
    assert event.metadata.model_dump(exclude_none=True) == {
        "direction": "outbound",
        "lead_id": "ct_1",
        "lead_name": "Jane Doe",
        "lead_phone": "+14155550123",
        "agent_id": "usr_1",
        "agent_phone": "+12125550100",
        "team_id": "team_1",
        "campaign_id": "cmp_1",
        "started_at": datetime(2026, 5, 13, 14, 0, tzinfo=UTC),
        "answered_at": datetime(2026, 5, 13, 14, 0, 12, tzinfo=UTC),
        "ended_at": datetime(2026, 5, 13, 14, 2, tzinfo=UTC),
        "seconds": 108,
        "outcome": "HUNG_UP",
        "disposition": "Interested",
        "human": True,
        "note": "Call back on Friday.\nAsk for Sam.",
        "recorded": True,
        "recording_url": "https://recordings.wavv.example/1.mp3?X-Signature=abc",
    }


def test_the_browser_sdks_event_takes_what_its_forwarder_added() -> None:
    """Channel B: the CRM's envelope has the call id, the payload only ``number`` and the like."""
    event = heard(
        {
            "type": "CallRecorded",
            "id": "evt_1",
            "name": "Our CRM",
            "callId": 12345,
            "userId": "usr_1",
            "timestamp": 1778680800000,
            "payload": {
                "number": "4155550123",
                "contactId": 77,
                "duration": 61.4,
                "recordingId": "rec_1",
            },
        }
    )
    assert event.call_id == "12345"
    assert event.kind is Kind.RECORDED
    assert event.sent_at == datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
    assert event.metadata.model_dump(exclude_none=True) == {
        "lead_id": "77",
        "lead_phone": "+14155550123",
        "agent_id": "usr_1",
        "seconds": 61,
    }


def test_a_crm_workflow_sends_strings_and_keeps_the_contact_outside() -> None:
    """Channel C: the name is in ``customData``, ``type`` is the contact's, "" is missing."""
    body = {
        "type": "Contact",
        "contact_id": "ct_9",
        "full_name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+14155550123",
        "customData": {
            "event": "wavv_trigger_call_ended",
            "call_id": "c-1",
            "full_name": "",
            "ghl_user_id": "u-1",
            "wavv_caller_id": "2125550100",
            "call_duration": "99",
            "human": "true",
            "recorded": "false",
            "call_answered_at_timestamp": "1778680800",
            "call_recording_url": "",
        },
    }
    assert heard(body).call_id == "c-1"
    assert said(body) == {
        "lead_id": "ct_9",
        "lead_name": "Jane Doe",
        "lead_email": "jane@example.com",
        "lead_phone": "+14155550123",
        "agent_id": "u-1",
        "agent_phone": "+12125550100",
        "seconds": 99,
        "human": True,
        "recorded": False,
        "answered_at": datetime(2026, 5, 13, 14, 0, tzinfo=UTC),
    }


@pytest.mark.parametrize("key", ["data", "payload", "customData", "body", "call"])
def test_the_call_may_be_under_any_of_its_keys(key: str) -> None:
    """Forwarders wrap it as they like; the call's own values come before those beside it."""
    body = {"event": "call.ended", "seconds": 1, key: {"id": "c-1", "seconds": 2}}
    assert heard(body).call_id == "c-1"
    assert said(body) == {"seconds": 2}


@pytest.mark.parametrize("key", ["event", "type", "eventType", "name"])
def test_the_name_may_be_under_any_of_its_keys_and_is_nobodys_name(key: str) -> None:
    """A flat body's ``name`` is the event's, never the lead's."""
    body = {key: "call.started", "id": "c-1"}
    assert heard(body).kind is Kind.STARTED
    assert said(body) == {}


@pytest.mark.parametrize(
    ("fields", "notes"),
    [
        ({"startedAt": "soon"}, ("started_at_unreadable",)),
        ({"startedAt": {"date": 1}}, ("started_at_unreadable",)),
        ({"answeredAt": -5, "endedAt": 1e300}, ("answered_at_unreadable", "ended_at_unreadable")),
        ({"seconds": -1}, ("seconds_unreadable",)),
        ({"seconds": "an hour"}, ("seconds_unreadable",)),
        ({"human": "maybe"}, ("human_unreadable",)),
        ({"contactName": ["Jane"]}, ("lead_name_unreadable",)),
        ({"recordingUrl": {"id": "rec_1"}}, ("recording_url_unreadable",)),
        ({"sentAt": "soon"}, ("sent_at_unreadable",)),
    ],
)
def test_what_cannot_be_read_is_dropped_and_noted(
    fields: dict[str, Any], notes: tuple[str, ...]
) -> None:
    """It costs the field, never the event."""
    event = heard({"event": "call.ended", "data": {"id": "c-1", **fields}})
    assert event.notes == notes
    assert event.metadata.model_dump(exclude_none=True) == {}
    assert event.sent_at is None


def test_a_text_that_is_too_long_is_cut_and_noted_but_a_transcript_is_not() -> None:
    """Notes, summaries and transcripts are as long as they are."""
    long = "word " * 10_000
    event = heard({"event": "call.ended", "id": "c-1", "disposition": long, "transcript": long})
    assert event.notes == ("disposition_cut",)
    assert len(event.metadata.disposition or "") == 1_000
    assert event.metadata.transcript == long.strip()


@pytest.mark.parametrize(
    ("phones", "known", "notes"),
    [
        ({"phone": 4155550123}, {"lead_phone": "+14155550123"}, ()),
        ({"phone": "sip:jane@x"}, {"lead_phone": "sip:jane@x"}, ("lead_phone_unparsable",)),
        ({"callerId": "ACME"}, {"agent_phone": "ACME"}, ("agent_phone_unparsable",)),
        ({"phone": True}, {}, ("lead_phone_unreadable",)),
    ],
)
def test_phones_become_e164_or_pass_as_they_came(
    phones: dict[str, Any], known: dict[str, Any], notes: tuple[str, ...]
) -> None:
    """A line that is no phone number is still the line."""
    body = {"event": "call.started", "id": "c-1", **phones}
    assert said(body) == known
    assert heard(body).notes == notes


def test_a_number_without_a_country_code_is_of_the_operators_country() -> None:
    """WAVV sends ten digits; elsewhere a forwarder sends what is usual there."""
    body = {"event": "call.started", "id": "c-1", "phone": "020 7946 0123"}
    assert said(body, Reading(region="GB")) == {"lead_phone": "+442079460123"}


LEAD, LINE = "+14155550123", "+12125550100"


@pytest.mark.parametrize(
    ("event", "direction", "inbound_lead", "lead"),
    [
        ("call.started", "outbound", "phone", LEAD),
        ("call.started", "outbound", "caller_id", LEAD),
        ("call.started", "inbound", "phone", LEAD),
        ("call.started", "inbound", "caller_id", LINE),
        ("call.started", "INBOUND", "caller_id", LINE),
        ("call.started", None, "caller_id", LEAD),
        ("call.incoming", None, "caller_id", LINE),
        ("call.incoming", None, "phone", LEAD),
    ],
)
def test_the_operator_says_who_is_who_on_an_inbound_call(
    event: str,
    direction: str | None,
    inbound_lead: Literal["phone", "caller_id"],
    lead: str,
) -> None:
    """Integrators' reports conflict. Outbound calls are certain: ``phone`` is the lead."""
    phones = {"phone": "4155550123", "callerId": "2125550100"}
    body = {"event": event, "data": {"id": "c-1", "direction": direction, **phones}}
    metadata = heard(body, Reading(inbound_lead=inbound_lead)).metadata
    assert metadata.lead_phone == lead
    assert {metadata.lead_phone, metadata.agent_phone} == {LEAD, LINE}


def test_an_incoming_call_is_inbound_by_its_name() -> None:
    """``call.incoming`` is an inbound start; what the event itself says of it counts more."""
    assert said({"event": "call.incoming", "id": "c-1"}) == {"direction": "inbound"}
    spoken = {"event": "call.incoming", "id": "c-1", "direction": "transfer"}
    assert said(spoken) == {"direction": "transfer"}


def test_the_time_of_sending_is_the_envelopes() -> None:
    """The call's object may hold a ``timestamp`` of its own, which is the same in every event."""
    body = {"event": "call.ended", "timestamp": 1778680800, "data": {"id": "c", "timestamp": 1}}
    assert heard(body).sent_at == datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


def test_the_operator_can_teach_new_keys() -> None:
    """A customer's workflow names its fields as it likes."""
    reading = Reading(aliases=with_additions({"call_id": ["conversation"], "lead_name": ["wer"]}))
    body = {"event": "call.ended", "conversation": "c-1", "data": {"wer": "Jane Doe"}}
    assert heard(body, reading).call_id == "c-1"
    assert said(body, reading) == {"lead_name": "Jane Doe"}


def test_checking_an_event_says_whose_it_is_without_reading_it() -> None:
    """The ingress answers thousands a second; only the answer's reasons are looked for."""
    checked = check_event(json.dumps(V3_RECORDED).encode(), READING)
    assert not isinstance(checked, Ignored)
    assert (checked.call_id, checked.kind) == (V3_RECORDED["data"]["id"], Kind.RECORDED)
