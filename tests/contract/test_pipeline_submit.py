"""A recorded call is submitted once, or not at all."""

from typing import Any

import pytest

from bridge.domain.call import Kind, State
from bridge.pipeline import submit
from tests.support.httpx_transports import InterruptedTransport
from tests.support.in_process_bridge import Bridge, event_body, whats


def test_a_call_goes_all_the_way(bridge: Bridge) -> None:
    """A call completes from WAVV's three events, with one POST and one GET."""
    call = bridge.dial()
    assert bridge.process(call).state is State.SUBMITTED
    bridge.transcribed(call)
    bridge.drain()
    bridge.work()
    found = bridge.call(call)
    assert (found.state, found.insights.status, found.attempts) == (State.COMPLETE, "all", 1)
    assert found.external_id == f"wavv-call-{call.call_id}"
    assert found.engagement_created
    assert (found.due_at, found.reason, found.problem) == (None, None, None)
    assert whats(found) == [
        "CallStarted", "CallEnded", "CallRecorded", "submission.started", "engagement.created",
        "transcript.ready", "insights.final",
    ]  # fmt: skip
    assert {"action_items", "signals", "transcript"} == set(bridge.insights(call))
    assert (len(bridge.requests("POST")), len(bridge.requests("GET"))) == (1, 1)


def test_a_recording_alone_is_enough(bridge: Bridge) -> None:
    """A recorded event alone is submitted."""
    call = bridge.dial()
    assert bridge.process(call, Kind.RECORDED).state is State.SUBMITTED
    (body,) = bridge.bodies()
    assert body["media_url"] == call.recording_url
    assert body["title"] == f"Call with {call.lead_name}"


def test_what_comes_while_a_recording_settles_is_submitted_with_it(bridge: Bridge) -> None:
    """Metadata that comes within the settling time is submitted with the recording."""
    call = bridge.dial()
    bridge.receive(call, Kind.RECORDED, contactName=None)
    bridge.drain()
    bridge.clock.wait(seconds=1)
    assert bridge.process(call, Kind.STARTED).state is State.SUBMITTED
    (body,) = bridge.bodies()
    assert body["title"] == f"Call with {call.lead_name}"


def test_what_comes_after_the_submission_still_ends_on_the_record(bridge: Bridge) -> None:
    """Metadata after the submission is saved, and the state does not change."""
    call = bridge.dial()
    bridge.process(call, Kind.RECORDED)
    found = bridge.process(call, Kind.ENDED, disposition="Hot")
    assert (found.state, found.metadata.disposition) == (State.SUBMITTED, "Hot")
    assert len(bridge.requests()) == 1


def test_a_submission_that_is_run_twice_is_sent_once(bridge: Bridge) -> None:
    """A submission that runs twice sends one request."""
    call = bridge.dial()
    bridge.process(call)
    assert submit.submit(bridge.services, [call.call_id]) == []
    assert submit.submit(bridge.services, ["nobody"]) == []
    assert len(bridge.requests()) == 1


def test_a_submission_waits_for_its_time(bridge: Bridge) -> None:
    """A message before the due time does nothing."""
    call = bridge.dial()
    bridge.receive(call)
    bridge.drain()
    assert submit.submit(bridge.services, [call.call_id]) == []
    bridge.clock.wait(seconds=2)
    assert submit.submit(bridge.services, [call.call_id]) is not None


def test_a_call_that_another_worker_holds_is_left_to_it(bridge: Bridge) -> None:
    """A call whose lease another worker holds is skipped."""
    call = bridge.dial()
    bridge.receive(call)
    bridge.drain()
    bridge.clock.wait(seconds=2)
    with bridge.services.leases.hold([call.call_id]):
        assert submit.submit(bridge.services, [call.call_id]) == []
    assert bridge.requests() == []


@pytest.mark.parametrize(
    ("behaviour", "created", "statuses"),
    [
        ("error-before-commit", True, [500, 201]),
        ("error-after-commit.2", False, [500, 500, 200]),
        ("conflict", True, [409, 201]),
        ("garbage-json", False, [200, 200]),
        ("reset", False, [201, 200]),
    ],
)
def test_a_transient_failure_is_tried_again_with_backoff(
    bridge: Bridge,
    behaviour: str,
    statuses: list[int],
    *,
    created: bool,
) -> None:
    """A transient failure is retried with a backoff from five seconds, for one engagement."""
    call = bridge.dial(behaviour)
    bridge.receive(call)
    bridge.drain()
    bridge.work(until=lambda: len(bridge.requests()) == 1)
    found = bridge.call(call)
    assert (found.state, found.failures) == (State.RECORDED, 1)
    assert found.due_at is not None
    assert (found.due_at - bridge.clock()).total_seconds() == 5
    bridge.work()
    found = bridge.call(call)
    assert (found.state, found.engagement_created) == (State.SUBMITTED, created)
    assert (found.failures, found.attempts) == (0, len(statuses))
    assert [one["status"] for one in bridge.requests()] == statuses
    assert len(bridge.bodies()) == 1
    assert bridge.counted("engagements.created" if created else "engagements.existed") == 1


@pytest.mark.parametrize("behaviour", ["reject", "bad-request"])
def test_a_rejected_call_fails_with_every_field_error(bridge: Bridge, behaviour: str) -> None:
    """A rejected call fails at once, with every field error."""
    call = bridge.dial(behaviour)
    found = bridge.process(call)
    assert (found.state, found.reason) == (State.FAILED, "rejected")
    assert found.problem is not None
    assert [error["field"] for error in found.problem.errors] == ["title", "media_url"]
    assert (found.problem.request_id or "").startswith("req_")
    bridge.sweep_for(minutes=5)
    assert len(bridge.requests()) == 1


@pytest.mark.parametrize(
    ("settings", "call", "reason"),
    [
        ({"skip_shorter_than": 30}, {"seconds": 29}, "too_short"),
        ({"skip_outcomes": "voicemail"}, {"outcome": "VOICEMAIL"}, "outcome_excluded"),
        ({"skip_shorter_than": 30, "skip_outcomes": "VOICEMAIL"}, {}, None),
    ],
)
def test_an_operators_rule_skips_a_call(
    bridge: Bridge, settings: dict[str, Any], call: dict[str, Any], reason: str | None
) -> None:
    """An operator's rule skips a call with a reason, and nothing is sent."""
    bridge.change_settings(**settings)
    found = bridge.process(bridge.dial(**call))
    assert found.state is (State.SKIPPED if reason else State.SUBMITTED)
    assert found.reason == reason
    assert len(bridge.requests()) == (0 if reason else 1)


def test_a_call_that_would_be_refused_anyway_is_not_even_sent(bridge: Bridge) -> None:
    """A call with an invalid request fails without being sent, with reason and field."""
    bridge.change_settings(external_id_template="x" * 500 + "{call_id}")
    found = bridge.process(bridge.dial())
    assert (found.state, found.reason) == (State.FAILED, "request_invalid")
    assert found.problem is not None
    assert [error["field"] for error in found.problem.errors] == ["external_id"]
    assert bridge.requests() == []


def test_a_recording_without_its_link_waits_for_it(bridge: Bridge) -> None:
    """A recording without a link is submitted when a later event brings the link."""
    call = bridge.dial()
    found = bridge.process(call, Kind.RECORDED, recordingUrl=None)
    assert (found.state, found.reason) == (State.RECORDED, "recording_missing")
    assert bridge.published.messages == []
    bridge.clock.wait(hours=3)
    assert (
        bridge.process(call, Kind.ENDED, recordingUrl=call.recording_url).state is State.SUBMITTED
    )


def test_a_recording_whose_link_never_comes_fails_by_the_deadline(bridge: Bridge) -> None:
    """A recording whose link never comes fails its call at the deadline."""
    bridge.change_settings(recording_deadline=600)
    call = bridge.dial()
    bridge.process(call, Kind.RECORDED, recordingUrl=None)
    bridge.sweep_for(minutes=9)
    assert bridge.call(call).state is State.RECORDED
    bridge.sweep_for(minutes=3)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "recording_missing")
    assert bridge.requests() == []


@pytest.mark.parametrize(
    ("kinds", "reason"), [((Kind.STARTED, Kind.ENDED), None), ((Kind.STARTED,), "end_not_heard")]
)
def test_a_call_without_a_recording_ends_unrecorded(
    bridge: Bridge, kinds: tuple[Kind, ...], reason: str | None
) -> None:
    """A call without a recording ends as ``unrecorded``, with a reason if its end is missing."""
    bridge.change_settings(recording_deadline=600)
    call = bridge.dial()
    bridge.process(call, *kinds)
    bridge.sweep_for(minutes=12)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.UNRECORDED, reason)
    assert bridge.requests() == []


def test_a_recording_that_comes_after_the_deadline_is_submitted(bridge: Bridge) -> None:
    """A recording after the deadline is submitted."""
    bridge.change_settings(recording_deadline=600)
    call = bridge.dial()
    bridge.process(call, Kind.ENDED)
    bridge.sweep_for(minutes=12)
    assert bridge.call(call).state is State.UNRECORDED
    assert bridge.process(call, Kind.RECORDED).state is State.SUBMITTED


def test_a_failure_that_lasts_ends_at_the_retry_deadline(bridge: Bridge) -> None:
    """A failure that lasts fails the call at the retry deadline, with the last response."""
    bridge.change_settings(retry_deadline=1800)
    bridge.sandbox.control("faults", {"status": 503})
    call = bridge.dial()
    bridge.receive(call)
    bridge.drain()
    bridge.sweep_for(minutes=25)
    assert bridge.call(call).state is State.RECORDED
    bridge.sweep_for(minutes=15)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "askelephant_error")
    assert found.problem is not None
    assert found.problem.status == 503


def test_metadata_during_the_request_is_kept(bridge: Bridge) -> None:
    """Metadata that arrives during the request is kept when the response is saved."""
    call = bridge.dial()
    bridge.receive(call, Kind.RECORDED)
    bridge.drain()
    bridge.clock.wait(seconds=2)

    def during_request() -> None:
        bridge.receive_raw(event_body(call, Kind.ENDED, disposition="Hot"), "wavv")
        bridge.drain()

    bridge.use_transport(InterruptedTransport(during_request))
    (found,) = submit.submit(bridge.services, [call.call_id])
    assert (found.state, found.metadata.disposition) == (State.SUBMITTED, "Hot")
