"""No key, secret or person gets into a log line; identifiers do."""

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
    """Return the line with these values as it would be written."""
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
def test_what_is_private_is_taken_out_of_any_text(text: str, written: str) -> None:
    """Libraries write whole requests into their lines and exceptions."""
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
def test_what_helps_to_find_a_call_stays(text: str) -> None:
    """Times, numbers, addresses and ids look much like phone numbers."""
    assert redact_text(text) == text


@given(st.uuids(), st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.floats(0, 1e12))  # noqa: DTZ001 - the zone is added below
def test_uuids_times_and_floats_stay(some: uuid.UUID, at: datetime, number: float) -> None:
    """Whatever their digits."""
    stamp = at.replace(tzinfo=UTC)
    for text in (f"x {some} y", f"{some}", stamp.isoformat(), f"{stamp}", f"took {number:.6f} s"):
        assert redact_text(text) == text
    assert line(at=stamp, took=number) == {"at": str(stamp), "took": number}


@pytest.mark.parametrize("value", ["4155550100", "+14155550100", "a@b.example", "x?secret=y"])
@pytest.mark.parametrize("key", sorted(HARMLESS))
def test_identifiers_stay_whatever_they_look_like(key: str, value: str) -> None:
    """A call id of ten digits is what one looks for."""
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
def test_a_key_that_says_private_hides_whatever_it_holds(key: str, value: object) -> None:
    """Names have no pattern: only their key tells."""
    assert line(**{key: value}) == {key: REDACTED}


@pytest.mark.parametrize("key", ["hostname", "filename", "event", "state", "queue", "url"])
def test_other_keys_keep_their_values(key: str) -> None:
    """``name`` is a whole word."""
    assert line(**{key: "plain"}) == {key: "plain"}


def test_nothing_hides_inside_of_something() -> None:
    """Lists, tables, keys of tables, bytes, exceptions."""
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
    """A line that raises is a line lost; one that leaks is worse."""
    said = {"event": f"a{around} {private} {around}b"}
    assert private not in json.dumps(redact(None, "info", values | said)["event"])
    json.dumps(redact(None, "info", dict(values)))
