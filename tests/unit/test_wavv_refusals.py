"""What no call can be made of: refused with a reason, or acknowledged and left."""

import json
from typing import Any

import pytest

from bridge.errors import MalformedBody, Unusable
from bridge.wavv.events import Ignored, parse_event
from tests.wavv import READING, heard, refusal, said, short


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
