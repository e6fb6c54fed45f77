"""Tests for reading the call event from a delivery's body."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from bridge.domain.call import Kind
from bridge.wavv.aliases import with_additions
from bridge.wavv.events import Ignored, Reading, check_event
from tests.support.wavv_events import READING, V3_RECORDED, heard, metadata_of


def test_the_v3_webhook_is_read_whole() -> None:
    """Every key of the v3 webhook is read; null and empty values count as missing."""
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


def test_the_browser_sdks_event_is_read_with_its_forwarders_keys() -> None:
    """The call id comes from the forwarder's envelope, the lead's number from the payload."""
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
    """Values as strings, ``customData`` and the contact outside it are read; "" is missing."""
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
    assert metadata_of(body) == {
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
    """The call's object may stand under each known key, and its values win over the envelope's."""
    body = {"event": "call.ended", "seconds": 1, key: {"id": "c-1", "seconds": 2}}
    assert heard(body).call_id == "c-1"
    assert metadata_of(body) == {"seconds": 2}


@pytest.mark.parametrize("key", ["event", "type", "eventType", "name"])
def test_the_events_name_may_be_under_any_of_its_keys(key: str) -> None:
    """``name`` of a flat body is the event's name and not the lead's."""
    body = {key: "call.started", "id": "c-1"}
    assert heard(body).kind is Kind.STARTED
    assert metadata_of(body) == {}


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
def test_an_unreadable_value_is_dropped_and_noted(
    fields: dict[str, Any], notes: tuple[str, ...]
) -> None:
    """An unreadable value drops its field with a note, and the event is accepted."""
    event = heard({"event": "call.ended", "data": {"id": "c-1", **fields}})
    assert event.notes == notes
    assert event.metadata.model_dump(exclude_none=True) == {}
    assert event.sent_at is None


def test_a_text_that_is_too_long_is_cut_and_noted_but_a_transcript_is_not() -> None:
    """A disposition is cut at 1000 characters; a transcript is kept whole."""
    long = "text " * 10_000
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
def test_phones_become_e164_or_stay_as_text(
    phones: dict[str, Any], known: dict[str, Any], notes: tuple[str, ...]
) -> None:
    """A phone number becomes E.164; another text is kept with a note."""
    body = {"event": "call.started", "id": "c-1", **phones}
    assert metadata_of(body) == known
    assert heard(body).notes == notes


def test_a_number_without_a_country_code_is_of_the_operators_country() -> None:
    """A number without a country code is read in the configured region."""
    body = {"event": "call.started", "id": "c-1", "phone": "020 7946 0123"}
    assert metadata_of(body, Reading(region="GB")) == {"lead_phone": "+442079460123"}


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
def test_inbound_lead_decides_which_number_of_an_inbound_call_is_the_leads(
    event: str,
    direction: str | None,
    inbound_lead: Literal["phone", "caller_id"],
    lead: str,
) -> None:
    """``inbound_lead`` applies to inbound calls; on outbound calls ``phone`` is the lead."""
    phones = {"phone": "4155550123", "callerId": "2125550100"}
    body = {"event": event, "data": {"id": "c-1", "direction": direction, **phones}}
    metadata = heard(body, Reading(inbound_lead=inbound_lead)).metadata
    assert metadata.lead_phone == lead
    assert {metadata.lead_phone, metadata.agent_phone} == {LEAD, LINE}


def test_an_incoming_call_is_inbound_by_its_name() -> None:
    """``call.incoming`` implies an inbound call unless the event names a direction."""
    assert metadata_of({"event": "call.incoming", "id": "c-1"}) == {"direction": "inbound"}
    directed = {"event": "call.incoming", "id": "c-1", "direction": "transfer"}
    assert metadata_of(directed) == {"direction": "transfer"}


def test_the_time_of_sending_is_the_envelopes() -> None:
    """``sent_at`` is the envelope's timestamp, not the one inside the call's object."""
    body = {"event": "call.ended", "timestamp": 1778680800, "data": {"id": "c", "timestamp": 1}}
    assert heard(body).sent_at == datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


def test_the_operator_can_add_keys() -> None:
    """Keys added by the operator fill their fields."""
    reading = Reading(aliases=with_additions({"call_id": ["conversation"], "lead_name": ["wer"]}))
    body = {"event": "call.ended", "conversation": "c-1", "data": {"wer": "Jane Doe"}}
    assert heard(body, reading).call_id == "c-1"
    assert metadata_of(body, reading) == {"lead_name": "Jane Doe"}


def test_checking_an_event_returns_its_call_and_kind() -> None:
    """``check_event``, which the ingress calls, returns call id and kind without the metadata."""
    checked = check_event(json.dumps(V3_RECORDED).encode(), READING)
    assert not isinstance(checked, Ignored)
    assert (checked.call_id, checked.kind) == (V3_RECORDED["data"]["id"], Kind.RECORDED)
