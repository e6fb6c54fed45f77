"""Late events and links: calls use what is on the record, and insights name their engagement."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bridge.domain.call import Kind, State
from bridge.pipeline.replay import replay
from bridge.simulator.wavv.samples import SampleCall
from tests.support.httpx_transports import InterruptedTransport, scripted
from tests.support.in_process_bridge import Bridge, event_body, whats
from tests.support.wavv_api import KEY, WavvRest, running_wavv

ITEM, SIGNAL = {"id": "ai_1"}, {"id": "sig_1"}


@pytest.fixture
def rest() -> Iterator[WavvRest]:
    """Run WAVV's API."""
    with running_wavv() as running:
        yield running


def _announced(bridge: Bridge, **data: object) -> SampleCall:
    """Return a call that ended as recorded, without a recorded event."""
    call = bridge.dial()
    bridge.receive(call, Kind.STARTED)
    bridge.receive(call, Kind.ENDED, recorded=True, **data)
    bridge.drain()
    return call


def test_an_announced_recording_is_fetched_from_wavv(bridge: Bridge, rest: WavvRest) -> None:
    """The link of an announced recording is fetched from WAVV within minutes."""
    bridge.change_settings(wavv_api_key=KEY, wavv_base_url=rest.url)
    call = _announced(bridge)
    rest.ready.add(call.call_id)
    bridge.sweep_for(minutes=9)
    assert rest.requested == []
    bridge.sweep_for(minutes=3)
    found = bridge.call(call)
    assert found.engagement_id is not None
    assert "recording.overdue" in whats(found)
    assert [body["media_url"] for body in bridge.bodies()] == rest.links


def test_an_announced_recording_that_wavv_has_not_fails_and_can_still_come(
    bridge: Bridge, rest: WavvRest
) -> None:
    """Without a recording at WAVV the call fails at the deadline, and a late event reopens it."""
    bridge.change_settings(wavv_api_key=KEY, wavv_base_url=rest.url, recording_deadline=1200)
    call = _announced(bridge)
    bridge.sweep_for(minutes=33)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.FAILED, "recording_missing")
    assert len(rest.requested) > 3
    assert bridge.process(call, Kind.RECORDED).state is State.SUBMITTED


def test_without_a_key_the_reason_is_that_no_recording_was_received(bridge: Bridge) -> None:
    """Without a key for WAVV's API the reason is that the recorded event was not received."""
    call = _announced(bridge)
    bridge.sweep_for(hours=25)
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.UNRECORDED, "recording_not_received")


def test_a_link_of_the_ended_event_is_submitted_at_the_deadline(bridge: Bridge) -> None:
    """A link that only ``call.ended`` had is submitted at the recording deadline."""
    bridge.change_settings(recording_deadline=3600)
    url = "https://recordings.wavv.example/early.mp3"
    _announced(bridge, recordingUrl=url)
    bridge.sweep_for(minutes=58)
    assert bridge.requests() == []
    bridge.sweep_for(minutes=3)
    assert [body["media_url"] for body in bridge.bodies()] == [url]


def test_insights_of_a_former_engagement_are_neither_shown_nor_merged(bridge: Bridge) -> None:
    """Insights of an earlier engagement are not shown and not merged."""
    call = bridge.completed()
    former = bridge.call(call).engagement_id
    assert bridge.insights(call)["signals"]
    bridge.sandbox.reset()
    replay(bridge.services, bridge.call(call))
    bridge.clock.wait(seconds=2)
    bridge.sandbox.control("behaviours", {"containing": {"wavv-call-": "no-insights"}})
    bridge.sweep_for(minutes=1)
    assert bridge.call(call).engagement_id not in {None, former}
    assert bridge.insights(call) == {}
    bridge.transcribed(call)
    bridge.sweep_for(minutes=40)
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, "none")
    assert bridge.insights(call)["signals"] == []


def test_a_replay_to_refresh_waits_for_fresh_insights(bridge: Bridge) -> None:
    """After a replay old insights are shown as pending until new ones come."""
    call = bridge.completed()
    before = bridge.insights(call)
    engagement_id = bridge.call(call).engagement_id
    replay(bridge.services, bridge.call(call))
    bridge.sweep_for(minutes=0.6)
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.TRANSCRIBED, "pending")
    assert bridge.insights(call) == before
    face = {"object": "engagement", "id": engagement_id, "processing_status": "COMPLETED"}
    empty: dict[str, Any] = face | {"action_items": [], "signals": []}
    bridge.use_transport(scripted([empty, empty | {"action_items": [ITEM], "signals": [SIGNAL]}]))
    bridge.work(until=lambda: bridge.call(call).insights.checks == 1)
    assert bridge.call(call).insights.status == "pending"
    bridge.sweep_for(minutes=3)
    found = bridge.call(call)
    assert (found.state, found.insights.status) == (State.COMPLETE, "all")
    assert bridge.insights(call)["signals"] == [SIGNAL]


def test_insights_stored_by_the_version_before_are_read(bridge: Bridge) -> None:
    """Insights without an engagement id, from 0.1.0, belong to the record's engagement."""
    call = bridge.completed()
    plain = {"action_items": [ITEM], "signals": [SIGNAL]}
    bridge.services.redis.set(bridge.services.keys.insights(call.call_id), json.dumps(plain))
    assert bridge.insights(call) == plain


@pytest.mark.parametrize(
    ("brought", "state", "reason", "status"),
    [
        ({"signals": [SIGNAL]}, State.COMPLETE, None, "some"),
        ({"signals": [SIGNAL], "action_items": [ITEM]}, State.COMPLETE, None, "all"),
        ({"transcript": "Hello"}, State.FAILED, "processing_failed", "pending"),
        ({}, State.FAILED, "processing_failed", "pending"),
    ],
)
@pytest.mark.parametrize("is_polled", [False, True])
def test_insights_of_a_failed_processing_are_saved_before_it_is_judged(
    bridge: Bridge,
    brought: dict[str, Any],
    state: State,
    reason: str | None,
    status: str,
    is_polled: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """If processing has FAILED with insights, they are stored and the call completes."""
    call = bridge.dial("no-webhook")
    bridge.process(call)
    if not is_polled:
        bridge.transcribed(call)
        bridge.drain()
    shown = {"object": "engagement", "id": bridge.call(call).engagement_id}
    bridge.use_transport(scripted([shown | {"processing_status": "FAILED"} | brought]))
    bridge.sweep_for(minutes=17)
    found = bridge.call(call)
    assert (found.state, found.reason, found.insights.status) == (state, reason, status)
    assert bridge.insights(call) == brought


def test_a_transcript_event_after_the_deadline_brings_the_call_on(bridge: Bridge) -> None:
    """A transcript webhook after the deadline completes the call."""
    bridge.change_settings(transcript_deadline=3600)
    call = bridge.dial("stuck")
    bridge.process(call)
    bridge.sweep_for(minutes=80)
    assert bridge.call(call).reason == "transcript_missing"
    bridge.transcribed(call)
    bridge.drain()
    found = bridge.call(call)
    assert (found.state, found.reason) == (State.TRANSCRIBED, None)
    assert [message.args for message in bridge.published.messages][-1:] == [(call.call_id,)]


def test_a_replay_submits_a_call_that_a_rule_skipped(bridge: Bridge) -> None:
    """A replay submits a call that a rule skipped."""
    bridge.change_settings(skip_shorter_than=30)
    call = bridge.dial(seconds=3)
    assert bridge.process(call).state is State.SKIPPED
    replay(bridge.services, bridge.call(call))
    bridge.sweep_for(minutes=1)
    found = bridge.call(call)
    assert found.engagement_id is not None
    assert "rule.overruled" in whats(found)


def test_seconds_that_come_later_reopen_a_skipped_call(bridge: Bridge) -> None:
    """A skipped call is reopened when a later event reports enough seconds."""
    bridge.change_settings(skip_shorter_than=30)
    call = bridge.dial(seconds=95)
    assert bridge.process(call, Kind.RECORDED, seconds=0).state is State.SKIPPED
    body = json.loads(event_body(call, Kind.ENDED, seconds=95))
    body["sentAt"] = (call.sent_at(Kind.RECORDED) + timedelta(seconds=6)).isoformat()
    bridge.receive_raw(json.dumps(body).encode(), "wavv")
    bridge.drain()
    bridge.work()
    assert bridge.call(call).state is State.SUBMITTED


def test_a_transcript_found_by_its_link_brings_on_a_call_whose_requests_timed_out(
    bridge: Bridge,
) -> None:
    """A transcript webhook completes a call whose requests timed out, found by its link."""
    bridge.change_settings(retry_deadline=60)
    call = bridge.dial()
    bridge.use_transport(InterruptedTransport(_time_out))
    bridge.process(call)
    bridge.sweep_for(minutes=5)
    failed = bridge.call(call)
    assert (failed.state, failed.reason) == (State.FAILED, "askelephant_timeout")
    bridge.transcribed(call)
    bridge.drain()
    found = bridge.call(call)
    assert (found.state, found.problem) == (State.TRANSCRIBED, None)
    assert bridge.services.lookup.by_engagement(found.engagement_id or "", None) == found
    bridge.change_settings()
    bridge.work()
    assert bridge.call(call).state is State.COMPLETE


def _time_out() -> None:
    raise httpx.ReadTimeout("as the test says")
