"""Tests with one payload of each kind that senders produce."""

from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from bridge.wavv.events import Reading
from tests.support.wavv_events import READING, heard, metadata_of

LEAD, LINE = "+14155550123", "+12125550100"
AT = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("direction", "source", "target"),
    [
        *((name, LEAD, LINE) for name in ("inbound", "INCOMING", "in", "Inbound Call")),
        *((name, LINE, LEAD) for name in ("outbound", "outgoing", "Out", "outbound-dial")),
    ],
)
@pytest.mark.parametrize(("begin", "end"), [("from", "to"), ("From Number", "To Number")])
@pytest.mark.parametrize("setting", ["phone", "caller_id"])
def test_from_and_to_depend_on_the_direction(
    direction: str,
    source: str,
    target: str,
    begin: str,
    end: str,
    setting: Literal["phone", "caller_id"],
) -> None:
    """The lead is the caller of an inbound call and the called party of an outbound call."""
    call = {"id": "c", "direction": direction, begin: source, end: target}
    body: dict[str, Any] = {"event": "call.ended", "data": call}
    event = heard(body, Reading(inbound_lead=setting))
    assert (event.metadata.lead_phone, event.metadata.agent_phone) == (LEAD, LINE)
    assert (event.notes, event.assumed) == ((), frozenset())


def test_without_a_direction_the_ends_are_assumed_and_noted() -> None:
    """Without a direction the lead is assumed, noted, and both numbers are kept."""
    event = heard({"event": "call.ended", "id": "c", "from": LINE, "to": LEAD})
    assert (event.metadata.lead_phone, event.metadata.agent_phone) == (LEAD, LINE)
    assert (event.metadata.from_phone, event.metadata.to_phone) == (LINE, LEAD)
    assert event.notes == ("direction_missing",)
    assert event.assumed == {"lead_phone", "agent_phone"}


@pytest.mark.parametrize(
    ("phones", "lead", "line"),
    [
        ({"from": LEAD, "to": LINE, "callerId": LEAD}, LEAD, LINE),
        ({"from": LEAD, "to": LINE, "phone": LINE}, LEAD, LINE),
        ({"contactPhone": LEAD, "to": LINE, "phone": LINE}, LEAD, LINE),
        ({"phone": LEAD, "callerId": LINE}, LEAD, LINE),
        ({"phone": "anonymous", "from": LEAD}, LEAD, None),
        ({"phone": "000"}, None, None),
    ],
)
def test_our_own_line_is_never_the_lead(
    phones: dict[str, str], lead: str | None, line: str | None
) -> None:
    """The agent's line is never the lead, even where ``callerId`` holds the caller's number."""
    metadata = heard({"event": "call.ended", "id": "c", "direction": "in", **phones}).metadata
    assert (metadata.lead_phone, metadata.agent_phone) == (lead, line)


def test_two_equal_numbers_are_noted() -> None:
    """Equal numbers of lead and agent are noted, since either may be wrong."""
    event = heard({"event": "call.ended", "id": "c", "phone": LEAD, "callerId": LEAD})
    assert event.notes == ("agent_phone_is_lead_phone",)


@pytest.mark.parametrize(
    "phone", ["0000000000", "1234567890", "0412345678", "5555555555", "9876543210", "911 555 0123"]
)
def test_a_filler_is_no_number_and_stays_as_text(phone: str) -> None:
    """A filler number is kept as text with a note."""
    event = heard({"event": "call.ended", "id": "c", "phone": phone})
    assert (event.metadata.lead_phone, event.notes) == (phone, ("lead_phone_unparsable",))


def test_a_flat_crm_payload_is_read() -> None:
    """Keys match by letters and digits alone, whatever their case and separators."""
    body = {
        "Event Type": "Call Ended",
        "CALL_ID": "c",
        "callStatus": "Voicemail",
        "callStartTime": "2026-05-13T14:00:00Z",
        "Call Duration": "00:01:35",
        "transcription": "Hello.",
        "Direction": "Outgoing",
        "from": LINE,
        "to": LEAD,
    }
    assert metadata_of(body) == {
        "direction": "outbound",
        "lead_phone": LEAD,
        "agent_phone": LINE,
        "started_at": AT,
        "seconds": 95,
        "outcome": "Voicemail",
        "transcript": "Hello.",
    }


def test_objects_inside_are_read_under_both_names() -> None:
    """A nested key is read with the name of its object: ``contact.email`` is the lead's."""
    body = {
        "event": {"type": "call.recorded", "id": "evt_1"},
        "data": {
            "call": {"id": "c", "recording": {"url": "https://r.example/1.mp3"}},
            "contact": {"id": "ct", "name": "Dana", "email": "Dana <d@x.example>"},
            "user": {"id": "u", "email": "agent@x.example"},
        },
    }
    assert metadata_of(body) == {
        "lead_id": "ct",
        "lead_name": "Dana",
        "lead_email": "d@x.example",
        "agent_id": "u",
        "agent_email": "agent@x.example",
        "recording_url": "https://r.example/1.mp3",
    }


@pytest.mark.parametrize("container", ["object", "attributes", "properties", "detail", "Fields"])
def test_a_container_inside_is_read_as_the_object_around_it(container: str) -> None:
    """A container such as ``attributes`` is read as part of its outer object, whose values win."""
    inside = {"recordingUrl": "https://r.example/1.mp3", "seconds": 95, "id": "x", "mine": 1}
    event = heard({"event": "call.recorded", "data": {"id": "c", "seconds": 9, container: inside}})
    metadata = event.metadata.model_dump(exclude_none=True)
    assert event.call_id == "c"
    assert metadata == {"recording_url": "https://r.example/1.mp3", "seconds": 9}
    assert event.details == {}


@pytest.mark.parametrize(
    "placeholder", ["undefined", "N/A", "{{x.y}}", "[object Object]", "(null)"]
)
@pytest.mark.parametrize(
    "key", ["contactName", "email", "phone", "outcome", "userId", "recordingUrl", "note", "seconds"]
)
def test_a_placeholder_is_missing_in_every_field(key: str, placeholder: str) -> None:
    """A placeholder such as ``undefined`` counts as missing in every field."""
    assert metadata_of({"event": "call.ended", "id": "c", key: placeholder}) == {}


def test_a_given_name_that_looks_like_a_placeholder_is_a_name() -> None:
    """``Na`` is read as a name; ``NA`` is a placeholder."""
    assert metadata_of({"event": "call.ended", "id": "c", "contactName": "Na"}) == {
        "lead_name": "Na"
    }
    assert metadata_of({"event": "call.ended", "id": "c", "contactName": "NA"}) == {}


def test_a_recorded_event_without_a_link_lists_its_keys() -> None:
    """A recorded event without a link lists the names of its keys for the operator."""
    event = heard({"event": "call.recorded", "data": {"id": "c", "sound": "https://r.example/1"}})
    assert event.notes == ("recording_url_missing",)
    assert event.details == {"unread_keys": ["sound"], "keys": ["id", "sound"]}


def test_keys_that_fill_no_field_are_listed_and_bounded() -> None:
    """Unread keys are listed: at most 20, each cut at 40 characters."""
    keys = {f"{'key' * 20}{number}": 1 for number in range(50)}
    listed = heard({"event": "call.ended", "id": "c", **keys}).details["unread_keys"]
    assert listed == ["key" * 13 + "k"]
    many = {f"key {number}": 1 for number in range(50)}
    assert len(heard({"event": "call.ended", "id": "c", **many}).details["unread_keys"]) == 20


def test_url_is_the_recordings_on_a_recording_only() -> None:
    """The key ``url`` is the recording's link on ``call.recorded`` only."""
    data = {"id": "c", "url": "https://r.example/1.mp3"}
    assert metadata_of({"event": "call.ended", "data": data}) == {}
    assert "recording_url" in metadata_of({"event": "call.recorded", "data": data})


def test_a_time_without_a_zone_is_the_operators_and_no_time_of_sending() -> None:
    """A time without a zone is in the operator's zone, and is not used as ``sent_at``."""
    body = {"event": "call.ended", "id": "c", "startedAt": "2026-05-13T10:00:00"}
    event = heard(
        body | {"sentAt": "2026-05-13T10:00:00"}, Reading(zone=ZoneInfo("America/New_York"))
    )
    assert (event.metadata.started_at, event.sent_at) == (AT, None)
    assert set(event.notes) == {"started_at_without_zone", "sent_at_without_zone"}


def test_milliseconds_are_detected_by_the_calls_times() -> None:
    """A talk time of 95000 in a call of 95 seconds is read as milliseconds and noted."""
    times = {"answeredAt": "2026-05-13T14:00:00Z", "endedAt": "2026-05-13T14:01:35Z"}
    event = heard({"event": "call.ended", "id": "c", "seconds": 95_000, **times})
    assert (event.metadata.seconds, event.notes) == (95, ("seconds_in_milliseconds",))
    event = heard({"event": "call.ended", "id": "c", "seconds": 500, **times})
    assert (event.metadata.seconds, event.notes) == (500, ())


def test_a_call_type_that_is_no_direction_is_none() -> None:
    """``callType`` is a direction only if its value is one."""
    assert metadata_of({"event": "call.ended", "id": "c", "callType": "voice"}) == {}
    assert metadata_of({"event": "call.ended", "id": "c", "callType": "Inbound"}) == {
        "direction": "inbound"
    }


def test_the_first_value_that_can_be_read_wins() -> None:
    """An unreadable value does not hide a readable one under a later key."""
    body = {"event": "call.ended", "id": "c", "startedAt": "later", "start_time": AT.isoformat()}
    assert heard(body, READING).notes == ()
    assert metadata_of(body) == {"started_at": AT}


def test_a_payload_that_cannot_be_read_is_noted() -> None:
    """A ``data`` text that is no JSON is noted, and the call id is read from the envelope."""
    event = heard({"event": "call.ended", "callId": "c", "data": '{"seconds": 5}}'})
    assert (event.call_id, event.notes) == ("c", ("payload_unreadable",))


def test_keys_that_are_one_by_letters_yield_the_filled_one() -> None:
    """Of two keys that match by letters the one with a value is read."""
    assert heard({"event": "call.ended", "callId": None, "call_id": "c"}).call_id == "c"
    assert heard({"event": "call.ended", "call_id": "c", "callId": ""}).call_id == "c"
