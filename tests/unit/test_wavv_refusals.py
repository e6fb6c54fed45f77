"""Tests for bodies without a usable event: rejected with a reason, or acknowledged and ignored."""

import json
from typing import Any

import pytest

from bridge.errors import MalformedBodyError, UnusableEventError
from bridge.reasons import Reason
from bridge.wavv.events import Ignored, parse_event
from tests.support.wavv_events import READING, heard, metadata_of, refusal, short


@pytest.mark.parametrize(
    ("body", "call_id"),
    [
        ({"id": "c-1"}, "c-1"),
        ({"uuid": "c-1"}, "c-1"),
        ({"id": "", "callId": None, "call_id": "c-1"}, "c-1"),
        ({"id": 17}, "17"),
        ({"id": 7.0}, "7"),
        ({"id": " c-1 "}, "c-1"),
        ({"id": "x" * 200}, "x" * 200),
        ({"id": {"of": "what?"}, "callId": "c-1"}, "c-1"),
        ({"id": "evt_1", "data": {"id": "c-1"}}, "c-1"),
        ({"id": "evt_1", "call_id": "c-1", "data": {"seconds": 1}}, "c-1"),
        ({"id": "evt_1", "callId": "c-1", "data": {}}, "c-1"),
        ({"id": "c-1", "data": None, "body": "some text", "call": []}, "c-1"),
        ({"data": {}, "payload": {"id": "c-1"}}, "c-1"),
        ({"id": "evt_777", "data": '{"id": "c-1"}'}, "c-1"),
        ({"id": "evt_777", "data": '{"data": "{\\"id\\": \\"c-1\\"}"}'}, "c-1"),
        ({"id": "evt_777", "data": [{"id": "c-1"}]}, "c-1"),
        ({"id": "evt_777", "body": {"data": {"id": "c-1"}}}, "c-1"),
        ({"id": "evt_777", "data__id": "c-1", "data__seconds": 5}, "c-1"),
        ({"id": "evt_777", "data.id": "c-1", "data.seconds": 5}, "c-1"),
        ({"id": "evt_777", "data.callId": "c-1"}, "c-1"),
        ({"id": "evt_777", "data.call.id": "c-1", "data.contact.id": "ct_7"}, "c-1"),
        ({"id": "evt_777", "payload[call][id]": "c-1", "payload[id]": "ct_7"}, "c-1"),
        ({"id": "ct_7", "call.id": "c-1", "call.duration": 5}, "c-1"),
        ({"id": "evt_777", "data": {"object": {"id": "c-1"}}}, "c-1"),
        ({"id": "evt_777", "detail": {"callId": "c-1"}}, "c-1"),
        ({"data": {"id": "c-1", "attributes": {"id": "ct_7"}}}, "c-1"),
        ({"id": "evt_777", "callId": "c-1"}, "c-1"),
        ({"id": "ct_7", "call_id": "c-1"}, "c-1"),
        ({"customData": {"id": "ct_7", "call_id": "c-1"}}, "c-1"),
        ({"customData": {"uuid": "ct_7", "Call-UUID": "c-1"}}, "c-1"),
        ({"call_id": "c-1", "data": {"id": "ct_7"}}, "c-1"),
        ({"data": {"id": "ct_7"}, "customData": {"callSid": "c-1"}}, "c-1"),
    ],
)
def test_the_call_id_is_the_calls_not_the_deliverys(body: dict[str, Any], call_id: str) -> None:
    """Next to a call's object ``id`` is the delivery's id; ``call_id`` is always the call's."""
    assert heard({"event": "call.ended", **body}).call_id == call_id


NO_IDS: list[Any] = [
    *("undefined", "null", "None", "NULL", "nil", "NaN", "n/a", "N/A", "-", "--", "empty"),
    *("[object Object]", "(null)", "<none>", '"null"', "(pending...)", "#N/A", "  undefined "),
    *("{{call.id}}", "{{ call.id }}", "{{{id}}}", "${call.id}", "{call_id}", "[[call.id]]"),
    *("%CALL_ID%", "<call_id>", "<%= id %>", "{% id %}", "{!Task.Id}", "*|CALLID|*", "[call.id]"),
    *("call-undefined", "wavv-{{call.id}}", "undefined-undefined", "call_null", "{{call.id"),
    *(0, "0", 0.0, -1, "-1", "00000000-0000-0000-0000-000000000000"),
]


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
        {"id": "evt_777"},
        {"id": "evt_777", "data": '{"seconds": 5}'},
        {"id": "c-1", "data": '{"id": "c-1"}}'},
        {"customData": {"id": "ct_7", "call_id": ""}},
        {"data": {"call_id": "", "details": {"id": "ct_7"}}},
        {"customData": {"id": "ct_7", "call_id": "{{call.id}}"}},
        *({"data": {"id": value}} for value in NO_IDS),
        *({"id": value} for value in NO_IDS),
    ],
    ids=short,
)
def test_an_event_without_a_call_id_is_refused_with_the_known_keys(body: dict[str, Any]) -> None:
    """The error of an event without a call id names the keys that may hold it."""
    error = refusal(json.dumps({"event": "call.ended", **body}).encode())
    assert (type(error), error.reason, error.status) == (UnusableEventError, "no_call_id", 422)
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
    """An id that cannot stand in a Redis key, a URL or a log line is rejected."""
    error = refusal(f'{{"event": "call.ended", "data": {{"id": {written}}}}}'.encode())
    assert (type(error), error.reason, error.status) == (UnusableEventError, "bad_call_id", 422)


@pytest.mark.parametrize("key", ["recordingUrl", "call_recording_url", "url"])
@pytest.mark.parametrize(
    "url", ["http://x.example/a.mp3", "ftp://x.example/a", "a.mp3", "https://", 5]
)
def test_a_recording_that_is_not_https_costs_the_field_and_is_noted(key: str, url: object) -> None:
    """An unusable recording link drops the field with a note, and the event is accepted."""
    event = heard({"event": "call.recorded", "data": {"id": "c-1", "seconds": 5, key: url}})
    assert "recording_url_unusable" in event.notes
    assert event.metadata.model_dump(exclude_none=True) == {"seconds": 5}
    kept = {"recording_url": url} if "http://" in str(url) else None
    assert event.details.get("unusable") == kept


@pytest.mark.parametrize("kind", ["call.ended", "call.recorded"])
@pytest.mark.parametrize(
    "url", ["null", "undefined", "N/A", "(pending...)", "[]", "{{call.recording}}", "<%= url %>"]
)
def test_a_placeholder_for_a_recording_is_noted(kind: str, url: str) -> None:
    """An event with a placeholder for its link is accepted with a note."""
    event = heard({"event": kind, "data": {"id": "c-1", "seconds": 5, "recordingUrl": url}})
    assert event.notes == ("recording_url_unusable",)
    assert event.metadata.model_dump(exclude_none=True) == {"seconds": 5}


@pytest.mark.parametrize("between", ["\n", ", ", ",", "; ", " | "])
def test_of_several_recordings_in_one_text_the_first_is_read(between: str) -> None:
    """Of several links in one text the first is read and a note is added."""
    first, second = "https://x.example/a.mp3?s=1,2", "https://x.example/b.mp3"
    event = heard({"event": "call.recorded", "id": "c-1", "recordingUrl": first + between + second})
    assert (event.metadata.recording_url, event.notes) == (first, ("recording_url_cut",))


@pytest.mark.parametrize("url", [None, "", " "])
def test_a_recording_that_is_not_there_yet_is_no_error(url: object) -> None:
    """A null or empty link is missing, without a note."""
    assert metadata_of({"event": "call.recorded", "id": "c-1", "recordingUrl": url}) == {}


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
    """An unknown event is acknowledged and ignored, so that its sender does not retry it."""
    assert parse_event(json.dumps(body).encode(), READING) == Ignored(Reason.UNKNOWN_EVENT, name)


@pytest.mark.parametrize("body", [{}, {"event": ""}, {"event": "{{event}}"}, {"call_id": "null"}])
def test_an_event_without_name_and_call_is_refused(body: dict[str, Any]) -> None:
    """An event without a name and a call id is rejected with HTTP 422."""
    error = refusal(json.dumps(body).encode())
    assert (type(error), error.reason, error.status) == (UnusableEventError, "no_call_id", 422)


@pytest.mark.parametrize("name", [{}, {"event": ""}, {"event": 5}, {"event": None}])
def test_an_event_with_a_call_id_and_no_name_is_ignored(name: dict[str, Any]) -> None:
    """An event without a name is ignored, and its call id is kept."""
    event = parse_event(json.dumps({"call_id": "c-1", **name}).encode(), READING)
    assert isinstance(event, Ignored)
    assert (event.reason, event.call_id) == ("unknown_event", "c-1")


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
    """A body that is no JSON object raises ``MalformedBodyError`` with its reason."""
    error = refusal(raw)
    assert (type(error), error.reason) == (MalformedBodyError, reason)


@pytest.mark.parametrize(
    "call_id",
    [
        "unknown",
        "Unknown",
        "true",
        "false",
        "TBD",
        "{}",
        "[]",
        '""',
        "''",
        "[ ]",
        "call_id",
        "$callId",
    ],
)
def test_a_placeholder_is_no_call_id(call_id: str) -> None:
    """A text such as ``unknown`` is no call id: all calls of that sender would share it."""
    body = {"event": "call.recorded", "data": {"call_id": call_id, "contactId": "ct-1"}}
    assert refusal(json.dumps(body).encode()).reason == "no_call_id"


@pytest.mark.parametrize("text", ["[]", "{}", '""', "[ ]"])
def test_an_empty_list_or_object_as_text_is_a_missing_value(text: str) -> None:
    """The texts ``[]`` and ``{}``, which templates write for empty values, are missing."""
    fields = {"contactName": text, "outcome": text, "campaignId": text, "note": text}
    assert metadata_of({"event": "call.ended", "id": "c-1", **fields}) == {}
