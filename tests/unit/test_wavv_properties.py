"""Property tests for the parser of WAVV's events: any body."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.call import Metadata
from bridge.domain.events import CallHeard
from bridge.errors import EventError
from bridge.wavv.aliases import ALIASES
from bridge.wavv.envelope import CALL_KEYS, NAME_KEYS
from bridge.wavv.events import Ignored, Reading, parse_event
from bridge.wavv.keys import letters

READING = Reading()
KEYS = sorted({key for keys in ALIASES.values() for key in keys} | {*CALL_KEYS, *NAME_KEYS})
ANY_TEXT = st.text(st.characters(exclude_categories=()))
NAMES = st.sampled_from(["call.started", "ON_CALL_ENDED", "wavv_trigger_call_recorded"])
TIMES = st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e9", "-0"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**11, 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT
    | st.datetimes().map(str)
    | TIMES
    | NAMES
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | ANY_TEXT, inner, max_size=8)
    ),
    max_leaves=20,
)
CALLS = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=12)


def outcome(raw: bytes) -> CallHeard | Ignored | EventError:
    """Return what parsing ``raw`` returns, or the ``EventError`` that it raises."""
    try:
        return parse_event(raw, READING)
    except EventError as error:
        return error


@given(st.binary())
def test_no_bytes_raise_anything_but_an_event_error(raw: bytes) -> None:
    """Any bytes raise ``EventError``: another exception would be HTTP 500 and a resend."""
    assert isinstance(outcome(raw), EventError)


@given(st.dictionaries(st.sampled_from(KEYS) | ANY_TEXT, JSON, max_size=12))
def test_no_object_raises_anything_but_an_event_error(body: dict[str, Any]) -> None:
    """No JSON object raises another exception than ``EventError``, whatever its values."""
    outcome(json.dumps(body).encode())


@given(CALLS, NAMES, st.text("abc123", min_size=1), st.sampled_from(["data", "payload"]))
def test_a_named_event_with_an_id_is_always_accepted(
    call: dict[str, Any], name: str, call_id: str, key: str
) -> None:
    """A body with a name and an id is accepted, and its metadata survives a JSON round trip."""
    call_id = f"c{call_id}"
    for used in (*ALIASES["call_id"], *CALL_KEYS, *NAME_KEYS):
        call.pop(used, None)
    event = outcome(json.dumps({"event": name, key: call | {"id": call_id}}).encode())
    assert isinstance(event, CallHeard)
    assert event.call_id == call_id
    stored = event.metadata.model_dump_json()
    assert Metadata.model_validate_json(stored) == event.metadata
    assert len(set(event.notes)) == len(event.notes)


GOOD: Mapping[str, Any] = {
    **dict.fromkeys(("started_at", "answered_at", "ended_at"), "2026-05-13T14:00:00Z"),
    **dict.fromkeys(("lead_email", "agent_email"), "dana@example.com"),
    **dict.fromkeys(("from_phone", "to_phone", "lead_phone", "agent_phone"), "4155550123"),
    "recording_url": "https://recordings.example.com/1.mp3",
    "direction": "outbound",
    "recorded": "yes",
    "human": True,
    "seconds": 5,
}
EMPTY = st.sampled_from(["", None, " ", "undefined", "N/A", "{{field}}", "[object Object]"])


@given(st.sampled_from(sorted(set(ALIASES) - {"call_id", "sent_at"})), st.data())
def test_any_alias_fills_the_field_and_the_first_that_is_filled_wins(
    field: str, data: st.DataObject
) -> None:
    """Any alias fills its field, also after aliases with empty values or placeholders."""
    keys = ALIASES[field]
    place = data.draw(st.integers(0, len(keys) - 1))
    call: dict[str, Any] = {}
    for key in keys[:place]:
        call[key] = data.draw(EMPTY)
    value = GOOD.get(field, "some text")
    call = {key: value for key, value in call.items() if letters(key) != letters(keys[place])}
    call[keys[place]] = value
    body = {"event": "call.recorded", "data": {"id": "c", "direction": "outbound", **call}}
    event = outcome(json.dumps(body).encode())
    assert isinstance(event, CallHeard)
    filled = {"from_phone": "agent_phone", "to_phone": "lead_phone"}.get(field, field)
    assert getattr(event.metadata, filled) is not None
