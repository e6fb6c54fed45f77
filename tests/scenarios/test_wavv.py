"""WAVV's events: in any order, repeated, late, of any channel, or unknown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from operator import le

import pytest

from bridge.domain.call import Kind
from bridge.simulator.wavv.channels import Channel
from bridge.simulator.wavv.delivery import by_shared_secret
from bridge.simulator.wavv.samples import SampleCall
from bridge.supervise import commands
from bridge.supervise.embedded import free_port
from tests.support.bridge_client import Bridge, happened, unknown_event
from tests.support.call_cases import ORDERS
from tests.support.process import Process
from tests.support.stack import API_TOKEN, WAVV_SECRET, Stack, responds
from tests.support.waiting import wait_for

Calls = Mapping[str, SampleCall]


@pytest.mark.parametrize("name", ORDERS)
def test_any_order_of_events_gives_the_same_record(name: str, shared: Stack, sent: Calls) -> None:
    """The record is the same for every order of the three events."""
    call = sent[name]
    metadata = shared.bridge.reaches(call, "complete")["metadata"]
    assert metadata["lead_name"] == call.lead_name
    assert metadata["lead_phone"] == f"+1{call.lead_phone}"
    assert metadata["agent_phone"] == f"+1{call.caller_id}"
    assert metadata["agent_id"] == call.agent_id
    assert (metadata["outcome"], metadata["seconds"]) == (call.outcome, call.seconds)
    assert metadata["recording_url"] == call.recording_url


def test_an_event_sent_five_times_is_heard_once(shared: Stack, sent: Calls) -> None:
    """An event that is sent five times is on the timeline once.

    WAVV's is known by its bytes, AskElephant's by its svix-id.
    """
    call = shared.bridge.reaches(sent["every event five times"], "complete")
    assert [happened(call).count(kind) for kind in (*Kind, "transcript.ready")] == [1, 1, 1, 1]
    for source, least in (("wavv", 12), ("askelephant", 5)):
        name = f"events.duplicate.{source}"
        wait_for(partial(shared.bridge.counted, name), partial(le, least), f"{least} {name}")


def test_an_event_and_its_repetition_get_an_empty_202(shared: Stack) -> None:
    """An event and its repetition get an empty 202."""
    event = unknown_event()
    assert [(a.status, a.detail) for a in map(shared.bridge.post, (event, event))] == [
        (202, "")
    ] * 2


def test_a_recording_url_may_come_later(shared: Stack) -> None:
    """A recording without a URL waits for it, and the call completes when it comes."""
    without = shared.call(recording_url="")
    shared.bridge.send_call(without)
    waiting = shared.bridge.reaches(without, "recorded")
    assert waiting["reason"] == "recording_missing"
    url = "https://recordings.wavv.example/later.mp3"
    shared.bridge.send_call(replace(without, recording_url=url), [Kind.RECORDED])
    assert shared.bridge.reaches(without, "complete")["metadata"]["recording_url"] == url


def test_a_recording_may_come_after_the_deadline(shared: Stack, sent: Calls) -> None:
    """A call that ended as ``unrecorded`` is submitted when its recording comes."""
    call = shared.bridge.send_call(shared.call(), [Kind.STARTED, Kind.ENDED])
    shared.bridge.reaches(sent["unrecorded"], "unrecorded")
    shared.bridge.rests(call)
    shared.bridge.send_call(call, [Kind.RECORDED])
    done = wait_for(
        lambda: shared.bridge.call(call.call_id),
        lambda seen: seen["state"] == "complete",
        "a late recording is submitted",
    )
    assert "recording.not_made" in happened(done)


def test_metadata_right_behind_the_recording_is_submitted_with_it(
    shared: Stack, sent: Calls
) -> None:
    """Events right after the recording are submitted with it, because the bridge waits first."""
    call = sent["received as recorded-ended-started"]
    shared.bridge.reaches(call, "complete")
    [made] = shared.engagements(call)
    assert str(made["start_at"])[:19] == call.started_at.isoformat()[:19]


@pytest.fixture(scope="module")
def by_secret(shared: Stack) -> Iterator[Bridge]:
    """Run a second web process on the same store, for channels that cannot sign."""
    port = free_port()
    command = commands.web(port, shared.processes["web"].command.env)
    command = commands.Command("web-by-secret", command.argv, command.env)
    url = f"http://127.0.0.1:{port}"
    bridge = Bridge(url, WAVV_SECRET, API_TOKEN)
    bridge.proof = by_shared_secret(WAVV_SECRET)
    process = Process(command, shared.directory)
    shared.processes[command.name] = process
    try:
        process.start(BRIDGE_WAVV_AUTH="shared_secret")
        wait_for(lambda: responds(f"{url}/livez"), bool, "the second web process is up")
        yield bridge
    finally:
        process.stop()
        bridge.http.close()


@pytest.mark.parametrize("channel", ["v3", "sdk", "crm"])
def test_every_channel_leads_to_an_engagement(
    channel: Channel, by_secret: Bridge, shared: Stack
) -> None:
    """Calls of every channel become engagements: WAVV's webhook, a CRM, and a CRM workflow."""
    call = by_secret.send_call(shared.call(), channel=channel)
    done = by_secret.reaches(call, "complete")
    assert done["insights"]["status"] == "all"
    assert done["metadata"]["lead_phone"] == f"+1{call.lead_phone}"
    assert len(shared.engagements(call)) == 1


def test_an_unknown_event_is_acknowledged_and_counted(shared: Stack) -> None:
    """An unknown event is accepted and counted."""
    name = "events.ignored.unknown_event"
    before = shared.bridge.counted(name)
    shared.bridge.deliver([unknown_event()])
    wait_for(lambda: shared.bridge.counted(name), lambda now: now > before, "it is counted")
