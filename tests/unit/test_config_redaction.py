"""Tests that log lines hold identifiers and no keys, secrets or personal data."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import HARMLESS, REDACTED, redact, redact_text

R = REDACTED


def line(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - a log value is anything
    """Return the log line with these values after redaction."""
    return redact(None, "info", values)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("key sk-apik_id.secret, refused", f"key {R} refused"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", R),
        ("Authorization: Bearer eyJhbGci.e30.x-_", f"Authorization: Bearer {R}"),
        ("basic dXNlcjpodXNo", f"basic {R}"),
        ("redis://:hush@localhost:6379/0", f"redis://{R}@localhost:6379/0"),
        ("redis://user:hu@sh@localhost/0", f"redis://{R}@localhost/0"),
        ("amqps://user:hush@b.example.com//", f"amqps://{R}@b.example.com//"),
        ("https://token@h.example.com/x", f"https://{R}@h.example.com/x"),
        (
            "https://h.example.com/a.mp3?X-Amz-Signature=hush&b=1",
            f"https://h.example.com/a.mp3?{R}",
        ),
        ("'https://h.example.com/a?hush' x", f"'https://h.example.com/a?{R}' x"),
        ("GET /webhooks/wavv?secret=hush HTTP/1.1", f"GET /webhooks/wavv?{R} HTTP/1.1"),
        ("/x?a[b]=hush", f"/x?{R}"),
        ("api_key=hush&x=1", f"api_key={R}&x=1"),
        ("to jane.doe+x@customer.example now", f"to {R} now"),
        ("+14155550100", R),
        ("4155550100", R),
        ("(415) 555-0100", R),
        ("415.555.0100", R),
        ("+44 20 7946 0123", R),
        ("+49 (0)30 12345678", R),
        ("00442079460123", R),
        ("tel:4155550100", f"tel:{R}"),
        ("called 4155550100.", f"called {R}."),
        ("4155550100, 4155550101", f"{R}, {R}"),
        ("{'phone': 4155550100, 'x': '4155550101'}", f"{{'phone': {R}, 'x': '{R}'}}"),
        ('{"phone":4155550100}', f'{{"phone":{R}}}'),
    ],
)
def test_private_data_is_redacted_in_any_text(text: str, written: str) -> None:
    """Keys, secrets, e-mails and phone numbers are redacted in any text."""
    assert redact_text(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "call.recorded",
        "2026-05-13T14:00:00.123456Z",
        "2026-05-13T14:00:00+02:00",
        "2026-05-13 14:00:00.123456+00:00",
        "2026-05-13",
        "at 14:00:00 2026-05-13 it was",
        "12:00:00.123456789",
        "succeeded in 0.12345678901234s",
        "1778680800.123456",
        "ngmt_01JWAS1234567890",
        "wavv-call-12345",
        "call-20260513-001",
        "tasks.submit.submit_recording[018f6c1e-7b3a-7000-8000-123456789012]",
        "12345678-1234-1234-1234-123456789012",
        "127.0.0.1:54321",
        "192.168.100.200",
        "redis://192.168.100.200:6379/0",
        "https://app.askelephant.ai/api/v2/engagements",
        "is it so? yes",
        "pid 1234567",
        "celery@worker-1 ready",
    ],
)
def test_identifiers_in_a_text_stay(text: str) -> None:
    """Times, numbers, addresses and ids in a text are not redacted."""
    assert redact_text(text) == text


@given(st.uuids(), st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.floats(0, 1e12))  # noqa: DTZ001 - the zone is added below
def test_uuids_times_and_floats_stay(some: uuid.UUID, at: datetime, number: float) -> None:
    """UUIDs, times and floats are not redacted, whatever their digits."""
    stamp = at.replace(tzinfo=UTC)
    for text in (f"x {some} y", f"{some}", stamp.isoformat(), f"{stamp}", f"after {number:.6f} s"):
        assert redact_text(text) == text
    assert line(at=stamp, seconds=number) == {"at": str(stamp), "seconds": number}


@pytest.mark.parametrize("value", ["4155550100", "+14155550100", "a@b.example", "x?secret=y"])
@pytest.mark.parametrize("key", sorted(HARMLESS))
def test_identifiers_stay_whatever_they_look_like(key: str, value: str) -> None:
    """The values of harmless keys stay, for example a call id of ten digits."""
    assert line(**{key: value}) == {key: value}


@pytest.mark.parametrize(
    "key",
    [
        "secret",
        "wavv_secrets",
        "api_key",
        "apiKey",
        "API_TOKENS",
        "token",
        "password",
        "Authorization",
        "x_wavv_signature",
        "name",
        "lead_name",
        "contactName",
        "email",
        "agentEmail",
        "e_mail",
        "phone",
        "lead_phone",
        "callerId",
        "caller_id",
        "number",
        "title",
        "transcript",
        "summary",
        "note",
    ],
)
@pytest.mark.parametrize("value", ["Jane", 4155550100, ["Jane"], {"first": "Jane"}, None])
def test_the_value_of_a_private_key_is_redacted(key: str, value: object) -> None:
    """Any value of a key such as ``lead_name`` is redacted."""
    assert line(**{key: value}) == {key: REDACTED}


@pytest.mark.parametrize("key", ["hostname", "filename", "event", "state", "queue", "url"])
def test_other_keys_keep_their_values(key: str) -> None:
    """A key that only contains ``name`` keeps its value."""
    assert line(**{key: "plain"}) == {key: "plain"}


def test_nested_values_are_redacted() -> None:
    """Lists, tables, keys of tables, bytes and exceptions are redacted."""
    assert line(
        things=[{"lead_name": "Jane", "ok": 1}, ("4155550100",), b"a@b.example"],
        counts={"+14155550100": 3, "u-1": 2},
        error=ValueError("no +14155550100"),
        flag=True,
        number_of=None,
    ) == {
        "things": [{"lead_name": R, "ok": 1}, [R], f"b'{R}'"],
        "counts": {R: 3, "u-1": 2},
        "error": f"no {R}",
        "flag": True,
        "number_of": R,
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PEOPLE = st.sampled_from(["+14155550100", "jane@customer.example", "sk-apik_id.hush"])


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=5), PEOPLE, st.text(" \n,;'\"()[]{}"))
def test_any_line_can_be_redacted_and_written(
    values: dict[str, Any], private: str, around: str
) -> None:
    """Any line can be redacted and written as JSON, and private data is removed."""
    event = {"event": f"a{around} {private} {around}b"}
    assert private not in json.dumps(redact(None, "info", values | event)["event"])
    json.dumps(redact(None, "info", dict(values)))
