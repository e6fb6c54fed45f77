"""Bad bodies at the webhooks: the response names the fault, and repeats no content."""

import json

import pytest

from tests.support.web_process import Web, problem_in

PRIVATE = "Ada Lovelace"
"""A value in the bodies that no response may contain."""


def event(**data: object) -> bytes:
    """Return the event of a recorded call with these data."""
    known = {"contactName": PRIVATE, **data}
    return json.dumps({"event": "call.recorded", "data": known}).encode()


MALFORMED = {
    "empty": (b"", "empty_body", "The body is empty"),
    "blank": (b" \r\n\t", "empty_body", "The body is empty"),
    "no JSON": (b"contactName=Ada Lovelace", "not_json", "line 1 column 1"),
    "cut short": (event(id="1")[:-1], "not_json", "line 1 column"),
    "two documents": (event(id="1") * 2, "not_json", "Extra data"),
    "array": (b'["Ada Lovelace"]', "not_an_object", "not an object"),
    "string": (b'"Ada Lovelace"', "not_an_object", "not an object"),
    "null": (b"null", "not_an_object", "not an object"),
    "10,000 levels": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep", "64 levels"),
    "10,000 lists": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep", "64 levels"),
    "10,000 open": (b"[" * 10_000, "too_deep", "64 levels"),
    "Latin-1": ('{"event": "Gérard"}'.encode("latin-1"), "not_utf8", "byte 12"),
    "UTF-16": ('{"event": "call.ended"}'.encode("utf-16"), "not_utf8", "byte 0"),
    "half a character": (b'{"a": "\xe2\x82"}', "not_utf8", "UTF-8"),
    "duplicate key": (b'{"event": "x", "data": {"id": "1", "id": "2"}}', "duplicate_key", "'id'"),
    "NaN": (b'{"event": "x", "data": {"seconds": NaN}}', "not_finite", "NaN"),
    "Infinity": (b'{"event": "x", "data": {"seconds": -Infinity}}', "not_finite", "-Infinity"),
    "1e999": (b'{"event": "x", "data": {"seconds": 1e999}}', "not_finite", "1e308"),
    "raw control": (b'{"event": "a\x00b"}', "not_json", "control character"),
}


DELIVERIES = [
    pytest.param(source, *row, id=f"{source}: {name}")
    for source in ("wavv", "elephant")
    for name, row in MALFORMED.items()
    if source == "wavv" or row[1] != "not_utf8"  # Svix's library verifies text only
]


@pytest.mark.parametrize(("source", "raw", "reason", "says"), DELIVERIES)
def test_a_body_that_is_no_json_object_gets_400(
    web: Web, source: str, raw: bytes, reason: str, says: str
) -> None:
    """A body that is no JSON object gets 400 with the fault, and is not stored as an event."""
    response = web.wavv(raw) if source == "wavv" else web.elephant(raw)
    assert says in problem_in(response, 400, reason)
    assert PRIVATE not in response.text
    assert web.stored() == []


UNUSABLE = {
    "no call id": (event(), "no_call_id", "`id`, `callId`, `call_id`, `uuid`"),
    "null call id": (event(id=None), "no_call_id", "`callId`"),
    "blank call id": (event(id="  "), "no_call_id", "`callId`"),
    "id of 10,000": (event(id="x" * 10_000), "bad_call_id", "1 to 200 printable"),
    "id of 201": (event(id="x" * 201), "bad_call_id", "1 to 200 printable"),
    "id with a line feed": (event(id="a\nb"), "bad_call_id", "printable"),
    "id with NUL": (event(id="a\x00b"), "bad_call_id", "printable"),
    "id with DEL": (event(id="a\x7fb"), "bad_call_id", "printable"),
    "id with a bidi mark": (event(id="a\u202eb"), "bad_call_id", "printable"),
    "id half a surrogate": (event(id="a\ud800b"), "bad_call_id", "printable"),
    "id an object": (event(id={"a": 1}), "bad_call_id", "text or a whole number"),
    "id a flag": (event(id=True), "bad_call_id", "text or a whole number"),
    "a word for nothing": (event(id="undefined"), "no_call_id", "placeholder"),
    "a merge field": (event(id="{{call.id}}"), "no_call_id", "placeholder"),
    "zero": (event(id=0), "no_call_id", "placeholder"),
    "the delivery's id": (b'{"event": "call.ended", "id": "evt_777", "data": "{}"}', "no_call_id",
                          "`callId`"),
    "neither name nor id": (b'{"data": {"contactName": "Ada Lovelace"}}', "no_call_id", "`callId`"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "reason", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_event_without_what_a_call_needs_gets_422(
    web: Web, raw: bytes, reason: str, says: str
) -> None:
    """An event without what a call needs gets 422, which names what is accepted."""
    response = web.wavv(raw)
    assert says in problem_in(response, 422, reason)
    assert not [value for value in (PRIVATE, "etc/passwd", "a.example") if value in response.text]
    assert web.stored() == []


BAD_FIELDS = {
    "http recording": event(id="1", recordingUrl="http://a.example/x"),
    "file recording": event(id="1", recordingUrl="file:///etc/passwd"),
    "hostless recording": event(id="1", recordingUrl="https:///x"),
    "a word for no recording": event(id="1", recordingUrl="(pending...)"),
    "no name": b'{"data": {"id": "1", "contactName": "Ada Lovelace"}}',
}


@pytest.mark.parametrize("raw", BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_an_authentic_event_of_a_call_is_never_refused_for_one_bad_field(
    web: Web, raw: bytes
) -> None:
    """An event with one bad field is accepted, because WAVV does not repeat after a 4xx."""
    response = web.wavv(raw)
    assert (response.status_code, response.content) == (202, b"")
    assert web.stored() == [raw]


@pytest.mark.parametrize("name", ["call.transcribed", "Zzz", "ping", "call.started.v9", "✓"])
def test_an_unknown_event_is_acknowledged_and_kept(web: Web, name: str) -> None:
    """An unknown event gets 202 and is kept; the intake marks it ``unknown_event``."""
    raw = json.dumps({"event": name, "data": {"id": ["strange"]}}).encode()
    response = web.wavv(raw)
    assert (response.status_code, response.content) == (202, b"")
    assert web.stored() == [raw]
    assert web.refused() == []


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type": "v1.contact.created", "data": {"object": {"id": "ctct_1"}}}',
        b'{"type": "v9.new", "data": "text"}',
        b'{"type": ["v1"], "data": {"object": [1]}, "id": 7, "created_at": "soon"}',
        b"{}",
    ],
)
def test_whatever_askelephant_signs_is_acknowledged(web: Web, raw: bytes) -> None:
    """Every signed event of AskElephant gets 202, because Svix disables failing endpoints."""
    response = web.elephant(raw)
    assert (response.status_code, response.content) == (202, b"")
    assert web.stored() == [raw]
