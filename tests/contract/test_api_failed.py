"""A failed call shows its request, the response with ``request_id``, and all attempts."""

from typing import Any

import pytest

from bridge.domain.call import Kind, State
from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_with_api import Operated
from tests.support.httpx_transports import RecordingTransport


def shown(operated: Operated, call: SampleCall) -> dict[str, Any]:
    """Return the call as the API shows it."""
    found: dict[str, Any] = operated.http.get(f"/api/calls/{call.call_id}").json()
    return found


def record_requests(operated: Operated, behaviour: str) -> RecordingTransport:
    """Set a behaviour of AskElephant, and record the bodies that it gets."""
    operated.bridge.sandbox.control("behaviours", {"containing": {"wavv-call-": behaviour}})
    overheard = RecordingTransport()
    operated.bridge.use_transport(overheard)
    return overheard


def test_a_rejected_call_shows_request_and_response(operated: Operated) -> None:
    """A rejected call shows the request and every field error, and can be replayed."""
    overheard = record_requests(operated, "reject")
    call = operated.bridge.dial()
    assert operated.bridge.process(call).state is State.FAILED
    found = shown(operated, call)
    (sent,) = overheard.bodies
    assert found["request"] == sent
    assert (found["reason"], found["attempts"]) == ("rejected", 1)
    problem = found["problem"]
    assert problem["status"] == 422
    assert problem["detail"]
    assert [error["field"] for error in problem["errors"]] == ["title", "media_url"]
    assert problem["request_id"].startswith("req_")
    operated.accept_all()
    operated.replay(state="failed", dry_run=False)
    operated.bridge.sweep_for(minutes=1)
    again = shown(operated, call)
    assert again["engagement_id"]
    assert overheard.bodies[1] == sent == again["request"]


def test_what_was_sent_is_shown_whatever_has_changed_since(operated: Operated) -> None:
    """The shown request stays as it was sent after templates and metadata changed.

    A replay sends the new one. The API has the settings that the bridge had at first.
    """
    operated.bridge.change_settings(title_template="As it was: {contact}")
    overheard = record_requests(operated, "reject")
    call = operated.bridge.dial()
    operated.bridge.process(call)
    operated.bridge.process(call, Kind.RECORDED, transcript="Hello?")
    (sent,) = overheard.bodies
    assert shown(operated, call)["request"] == sent
    assert sent["title"] == f"As it was: {call.lead_name}"
    assert operated.http.post(f"/api/calls/{call.call_id}/replay").status_code == 202
    now = shown(operated, call)["request"]
    assert (now["title"], now["transcript"]) == (f"Call with {call.lead_name}", "Hello?")


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("reject", "rejected"),
        ("collision", "external_id_collision"),
        ("media-late.999", "recording_not_ready"),
        ("conflict.999", "askelephant_conflict"),
    ],
)
def test_every_end_of_a_submission_keeps_what_was_sent(
    operated: Operated, behaviour: str, reason: str
) -> None:
    """Every kind of failed submission keeps the request of its last attempt."""
    operated.bridge.change_settings(retry_deadline=300, recording_deadline=300)
    overheard = record_requests(operated, behaviour)
    call = operated.bridge.dial()
    operated.bridge.process(call)
    operated.bridge.sweep_for(minutes=30)
    found = operated.bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, reason)
    assert found.request == overheard.bodies[-1]


def test_a_call_whose_retries_ended_shows_every_attempt(operated: Operated) -> None:
    """Each attempt is on the timeline with its ``request_id``, and all sent the same request."""
    operated.bridge.change_settings(retry_deadline=3600)
    overheard = record_requests(operated, "conflict.999")
    call = operated.bridge.dial()
    operated.bridge.receive(call)
    operated.bridge.drain()
    operated.bridge.sweep_for(hours=2)
    found = shown(operated, call)
    assert (found["state"], found["reason"]) == ("failed", "askelephant_conflict")
    assert found["attempts"] == len(overheard.bodies) > 5
    assert all(body == found["request"] for body in overheard.bodies)
    entries = [one for one in found["timeline"] if one["what"] in {"step.deferred", "call.failed"}]
    ids = [one["request_id"] for one in entries]
    assert len(set(ids)) == len(ids) == found["attempts"]
    assert found["problem"]["request_id"] == ids[-1]
    assert found["problem"]["status"] == 409


@pytest.mark.parametrize("data", [{"recordingUrl": None}, {"recordingUrl": "https://10.0.0.1/1"}])
def test_a_call_that_cannot_be_sent_shows_no_request(
    operated: Operated, data: dict[str, object]
) -> None:
    """A call that was never sent shows no request, but reason and problem."""
    call = operated.bridge.dial()
    operated.bridge.receive(call, **data)
    operated.bridge.drain()
    operated.bridge.sweep_for(hours=25)
    found = shown(operated, call)
    assert (found["state"], found["request"], found["attempts"]) == ("failed", None, 0)
    assert found["reason"] == "recording_missing"
