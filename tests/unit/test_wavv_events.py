"""What a delivery says of a call."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from bridge.domain.call import Kind
from bridge.domain.events import CallHeard
from bridge.errors import EventError, MalformedBody, Unusable
from bridge.wavv.aliases import with_additions
from bridge.wavv.events import Ignored, Reading, check_event, parse_event

READING = Reading()
V3_RECORDED: dict[str, Any] = {
    "event": "call.recorded",
    "sentAt": "2026-05-13T14:02:10.000Z",
    "data": {
        "id": "019242a1-7c5e-7b64-a7c4-1f0f6b1d2c3d",
        "teamId": "team_1",
        "campaignId": "cmp_1",
        "userId": "usr_1",
        "groupId": None,
        "direction": "outbound",
        "phone": "4155550123",
        "callerId": "2125550100",
        "contactId": "ct_1",
        "contactName": "Jane Doe",
        "startedAt": "2026-05-13T14:00:00.000Z",
        "answeredAt": "2026-05-13T14:00:12.000Z",
        "endedAt": "2026-05-13T14:02:00.000Z",
        "seconds": 108,
        "outcome": "HUNG_UP",
        "disposition": "Interested",
        "human": True,
        "note": "Call back on Friday.\nAsk for Sam.",
        "summary": None,
        "transcript": "",
        "recorded": True,
        "recordingUrl": "https://recordings.wavv.example/1.mp3?X-Signature=abc",
        "newField": {"of": ["a", "later", "version"]},
    },
}


def short(value: object) -> str:
    """Return a test id that fits on a line."""
    return ascii(value)[:40]


def heard(body: dict[str, Any], reading: Reading = READING) -> CallHeard:
    """Return what ``body`` says, which must be something of a call."""
    event = parse_event(json.dumps(body).encode(), reading)
    assert isinstance(event, CallHeard)
    return event


def said(body: dict[str, Any], reading: Reading = READING) -> dict[str, Any]:
    """Return the metadata that ``body`` holds."""
    return heard(body, reading).metadata.model_dump(exclude_none=True)


def refusal(raw: bytes) -> EventError:
    """Return the error that ``raw`` is refused with."""
    with pytest.raises(EventError) as caught:
        parse_event(raw, READING)
    return caught.value


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
    ("body", "call_id"),
    [
        ({"id": "c-1"}, "c-1"),
        ({"uuid": "c-1"}, "c-1"),
        ({"id": "", "callId": None, "call_id": "c-1"}, "c-1"),
        ({"id": 17}, "17"),
        ({"id": 0}, "0"),
        ({"id": " c-1 "}, "c-1"),
        ({"id": "x" * 200}, "x" * 200),
        ({"id": {"of": "what?"}, "callId": "c-1"}, "c-1"),
        ({"id": "evt_1", "data": {"id": "c-1"}}, "c-1"),
        ({"id": "evt_1", "call_id": "c-1", "data": {"seconds": 1}}, "c-1"),
        ({"id": "evt_1", "callId": "c-1", "data": {}}, "c-1"),
        ({"id": "c-1", "data": None, "body": "some text", "call": []}, "c-1"),
        ({"data": {}, "payload": {"id": "c-1"}}, "c-1"),
    ],
)
def test_the_call_id_is_the_calls_not_the_deliverys(body: dict[str, Any], call_id: str) -> None:
    """Beside a call's object, ``id`` is the delivery's; ``call_id`` can only be the call's."""
    assert heard({"event": "call.ended", **body}).call_id == call_id


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": None},
        {"id": ""},
        {"id": "  "},
        {"id": "evt_1", "data": {}},
        {"id": "evt_1", "uuid": "u-1", "data": {"seconds": 1}},
        {"payload": {"recordingId": "rec_1"}},
    ],
)
def test_an_event_of_no_call_is_refused_and_told_the_keys(body: dict[str, Any]) -> None:
    """Channel B's forwarder must add an id: the answer says under which names."""
    error = refusal(json.dumps({"event": "call.ended", **body}).encode())
    assert (type(error), error.reason, error.status) == (Unusable, "no_call_id", 422)
    assert all(f"`{key}`" in error.detail for key in ("id", "callId", "call_id", "uuid"))


@pytest.mark.parametrize(
    "written",
    [
        json.dumps("x" * 201),
        json.dumps("x" * 10_000),
        json.dumps("a\nb"),
        json.dumps("c-1\n"),
        json.dumps("a\x00b"),
        json.dumps("a\u202eb"),
        json.dumps("\ud800"),
        '"x\ufffd"',
        "9" * 5_000,
        "1.5",
        "true",
        "{}",
        '["c-1"]',
    ],
    ids=short,
)
def test_an_id_that_cannot_be_a_key_is_refused(written: str) -> None:
    """Ids become keys in Redis, URLs and words in the log."""
    error = refusal(f'{{"event": "call.ended", "data": {{"id": {written}}}}}'.encode())
    assert (type(error), error.reason, error.status) == (Unusable, "bad_call_id", 422)


@pytest.mark.parametrize("key", ["recordingUrl", "call_recording_url", "url"])
@pytest.mark.parametrize(
    "url", ["http://x.example/a.mp3", "ftp://x.example/a", "a.mp3", "https://", 5]
)
def test_a_recording_that_is_not_https_is_refused(key: str, url: object) -> None:
    """AskElephant would refuse it later, when nobody is there to be told."""
    body = {"event": "call.recorded", "data": {"id": "c-1", key: url}}
    error = refusal(json.dumps(body).encode())
    assert (type(error), error.reason, error.status) == (Unusable, "recording_url_not_https", 422)
    assert "x.example" not in error.detail


@pytest.mark.parametrize("url", [None, "", " "])
def test_a_recording_that_is_not_there_yet_is_no_error(url: object) -> None:
    """``recordingUrl`` may be missing from any event."""
    assert said({"event": "call.recorded", "id": "c-1", "recordingUrl": url}) == {}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"event": "call.deleted", "data": {"id": "c-1"}}, "call.deleted"),
        ({"event": "call.deleted"}, "call.deleted"),
        ({"type": "ping"}, "ping"),
        ({"name": "Jane Doe"}, None),
        ({"customData": {"event": "contact.made"}}, "contact.made"),
        ({"event": "x\x1b[31m\n" + "y" * 1_000, "id": "c-1"}, "x[31m " + "y" * 94),
        ({"event": "\x00", "id": "c-1"}, None),
    ],
)
def test_any_other_event_is_ignored_never_refused(body: dict[str, Any], name: str | None) -> None:
    """An error would make the sender send it again. A ``name`` alone may be a person's."""
    assert parse_event(json.dumps(body).encode(), READING) == Ignored("unknown_event", name)


@pytest.mark.parametrize("body", [{}, {"id": "c-1"}, {"event": ""}, {"event": 5}, {"event": None}])
def test_an_event_without_a_name_is_refused(body: dict[str, Any]) -> None:
    """A workflow that forgot the name would else lose its calls in silence."""
    error = refusal(json.dumps(body).encode())
    assert (type(error), error.reason, error.status) == (Unusable, "no_event_name", 422)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty_body"),
        (b"not json", "not_json"),
        (b"[]", "not_an_object"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
        (b'{"event": "call.ended", "id": "\xff"}', "not_utf8"),
        (b'{"event": "call.ended", "id": "1", "id": "2"}', "duplicate_key"),
        (b'{"event": "call.ended", "id": "1", "seconds": NaN}', "not_finite"),
    ],
    ids=short,
)
def test_a_body_that_is_no_json_object_is_malformed(raw: bytes, reason: str) -> None:
    """Whatever it may have meant."""
    error = refusal(raw)
    assert (type(error), error.reason) == (MalformedBody, reason)


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
        ({"recordingUrl": ["https://x.example/a.mp3"]}, ("recording_url_unreadable",)),
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
