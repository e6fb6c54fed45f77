"""Tests that an engagement request keeps AskElephant's limits before it is sent."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from bridge.domain.engagement import EngagementRequest, Participant
from tests.support.domain import AT, RECORDING

LEAST: dict[str, Any] = {
    "title": "Call with Jane Doe",
    "external_id": "wavv-call-c-1",
    "media_url": RECORDING,
    "external_url": "wavv://call/c-1",
    "run_workflows": True,
}


def refusal(**changes: Any) -> list[str]:  # noqa: ANN401 - the table tries values of any type
    """Return the error codes that validation of such a request raises."""
    try:
        EngagementRequest(**LEAST | changes)
    except ValidationError as error:
        return [detail["type"] for detail in error.errors()]
    return []


@pytest.mark.parametrize(
    "url",
    [
        RECORDING,
        "HTTPS://Recordings.Example.com/a.mp3?X-Amz-Signature=abc",
        "https://recordings.example.com:8443/a.mp3",
        "https://user:secret@recordings.example.com/a.mp3",
        "https://8.8.8.8/a.mp3",
        "https://134744072/a.mp3",
        "https://[2606:4700::1]/a.mp3",
        "https://[::ffff:8.8.8.8]/a.mp3",
        "https://localhost.example.com/a.mp3",
        "https://127.0.0.1.example.com/a.mp3",
        "https://10.example.com/a.mp3",
        "https://éxample.com/a.mp3",
    ],
)
def test_a_public_https_recording_is_accepted(url: str) -> None:
    """A public HTTPS link is accepted with any port, query and case."""
    assert refusal(media_url=url) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.mp3",
        "//recordings.example.com/a.mp3",
        "http://recordings.example.com/a.mp3",
        "ftp://recordings.example.com/a.mp3",
        "file:///etc/passwd",
        "https:",
        "https://",
        "https:///a.mp3",
        "https://:443/a.mp3",
        "https://user@/a.mp3",
        "https://[::1/a.mp3",
        "https://[nonsense]/a.mp3",
        "https://a.example:port/a.mp3",
        "javascript:alert(1)//https://recordings.example.com",
    ],
)
def test_media_must_be_https(url: str) -> None:
    """A media URL that is not HTTPS or names no host is rejected."""
    assert refusal(media_url=url) == ["media_url_not_https"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost",
        "localhost.",
        "localhost.localdomain.localhost",
        "localhost:8443",
        "printer.local",
        "vault.internal",
        "127.0.0.1",
        "127.0.0.1.",
        "127.255.255.254:443",
        "user@127.0.0.1",
        "recordings.example.com@127.0.0.1",
        "recordings.example.com:443@[::1]",
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[::]",
        "[::1]",
        "[fc00::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:10.0.0.1]",
        "[::ffff:7f00:1]",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0X7F.0.0.0x1",
        "0177.0.0.1",
        "3232235777",
        "0",
    ],
)
def test_media_must_not_be_on_a_private_or_local_address(host: str) -> None:
    """A private or local host is rejected in every spelling that a resolver accepts."""
    assert refusal(media_url=f"https://{host}/a.mp3") == ["media_url_private"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://dialer.example.com/calls/1", None),
        ("http://dialer.example.com/calls/1", None),
        ("wavv://call/123", None),
        ("tel:+14155550100", None),
        ("x-dialer.app+2:123", None),
        ("javascript:alert(1)", "external_url_blocked"),
        ("JavaScript:alert(1)", "external_url_blocked"),
        ("data:text/html,x", "external_url_blocked"),
        ("vbscript:x", "external_url_blocked"),
        ("blob:https://x", "external_url_blocked"),
        ("FILE:///etc/passwd", "external_url_blocked"),
        (" javascript:alert(1)", "external_url_invalid"),
        ("java\nscript:alert(1)", "external_url_invalid"),
        ("\x00javascript:alert(1)", "external_url_invalid"),
        ("dialer.example.com/calls/1", "external_url_invalid"),
        ("//dialer.example.com", "external_url_invalid"),
        ("1call://1", "external_url_invalid"),
        ("", "external_url_invalid"),
    ],
)
def test_links_may_have_any_scheme_that_cannot_run_code(url: str, code: str | None) -> None:
    """Custom schemes are accepted, since they open a dialer's app; scripts are rejected."""
    assert refusal(external_url=url) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"title": ""}, ["string_too_short"]),
        ({"title": "x" * 500}, []),
        ({"title": "x" * 501}, ["string_too_long"]),
        ({"external_id": ""}, ["string_too_short"]),
        ({"external_id": "x" * 500}, []),
        ({"external_id": "x" * 501}, ["string_too_long"]),
        ({"source_system": "x" * 101}, ["string_too_long"]),
        ({"type": "MEETING"}, ["literal_error"]),
        ({"transcript": "x" * 900_000}, []),
        ({"transcript": "x" * 900_001}, ["string_too_long"]),
        ({"transcript": "é" * 475_000}, []),
        ({"transcript": "é" * 475_001}, ["transcript_too_long"]),
        ({"participants": [{"is_owner": True}, {"is_owner": False}]}, []),
        ({"participants": [{"is_owner": True}, {"is_owner": True}]}, ["owners_many"]),
        ({"participants": [{"mail": "x"}]}, ["extra_forbidden"]),
        ({"color": "blue"}, ["extra_forbidden"]),
        ({"title": "", "media_url": ""}, ["string_too_short", "media_url_not_https"]),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_every_documented_limit_is_kept(changes: dict[str, Any], codes: list[str]) -> None:
    """A request outside a documented limit raises the limit's error code and is not sent."""
    assert refusal(**changes) == codes


def test_the_body_omits_unset_fields() -> None:
    """Unset fields are absent from the JSON body, for example ``is_private``."""
    assert json.loads(EngagementRequest(**LEAST).body()) == {
        **LEAST,
        "type": "CALL",
        "source_system": "wavv",
        "participants": [],
    }


@pytest.mark.parametrize("is_private", [True, False])
def test_the_body_holds_every_field_that_is_set(is_private: bool) -> None:  # noqa: FBT001 - a row of a table
    """Set fields stand in the JSON body under AskElephant's names, times with an offset."""
    lead = Participant(name="Jäne Doe", phone="+14155550100")
    request = EngagementRequest(
        **LEAST, start_at=AT, is_private=is_private, transcript="Hello.", participants=(lead,)
    )
    body = json.loads(request.body())
    assert body["start_at"] == "2026-05-13T14:00:00Z"
    assert body["is_private"] is is_private
    assert body["transcript"] == "Hello."
    assert body["participants"] == [{"name": "Jäne Doe", "phone": "+14155550100"}]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "jane@customer.example", None),
        ("email", "Jane <jane@customer.example>", "email_invalid"),
        ("email", "", "email_invalid"),
        ("phone", "+14155550100", None),
        ("phone", "anonymous", "phone_invalid"),
        ("phone", "+14155550100\n", "phone_invalid"),
    ],
)
def test_a_participant_has_one_email_and_an_e164_number(
    field: str, value: str, code: str | None
) -> None:
    """A participant with another form of e-mail or phone number is rejected."""
    assert refusal(participants=[{field: value}]) == ([] if code is None else [code])
