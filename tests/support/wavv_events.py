"""WAVV's deliveries for the tests of the reader, and what the reader makes of them."""

import json
from typing import Any

import pytest

from bridge.domain.events import CallHeard
from bridge.errors import EventError
from bridge.wavv.events import Reading, parse_event

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
    """Return a test id of at most 40 characters."""
    return ascii(value)[:40]


def heard(body: dict[str, Any], reading: Reading = READING) -> CallHeard:
    """Return the call event that ``body`` is parsed into."""
    event = parse_event(json.dumps(body).encode(), reading)
    assert isinstance(event, CallHeard)
    return event


def metadata_of(body: dict[str, Any], reading: Reading = READING) -> dict[str, Any]:
    """Return the metadata that ``body`` holds."""
    return heard(body, reading).metadata.model_dump(exclude_none=True)


def refusal(raw: bytes) -> EventError:
    """Return the error that parsing ``raw`` raises."""
    with pytest.raises(EventError) as caught:
        parse_event(raw, READING)
    return caught.value
