"""What the bridge sends to AskElephant, and what it does with responses and webhooks."""

from collections.abc import Mapping

import pytest

from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_client import Json, entries
from tests.support.stack import Stack
from tests.support.waiting import wait_for

Calls = Mapping[str, SampleCall]
ALICE = {"name": "Alice Smith", "email": "alice.smith@dialer.example", "is_owner": True}


def test_links_lead_both_ways(shared: Stack, sent: Calls) -> None:
    """The engagement has the call's link, and the API shows the engagement's link."""
    name = "owner known"
    call = shared.bridge.reaches(sent[name], "complete")
    [made] = shared.engagements(sent[name])
    assert made["external_url"] == call["external_url"] == f"wavv://call/{call['call_id']}"
    assert call["engagement_id"] == made["id"]
    workspaces, _, page = call["askelephant_url"].rpartition("/engagements/")
    assert workspaces.startswith("https://app.askelephant.ai/workspaces/wrks_")
    assert page == made["id"]


def test_the_request_follows_the_guide(shared: Stack, sent: Calls) -> None:
    """The request follows AskElephant's WAVV guide: type, source, ids, recording and people."""
    call = sent["owner known"]
    shared.bridge.reaches(call, "complete")
    request = _request(shared, call)
    assert (request["type"], request["source_system"]) == ("CALL", "wavv")
    assert request["external_id"] == f"wavv-call-{call.call_id}"
    assert request["media_url"] == call.recording_url
    assert request["run_workflows"] is True
    assert "is_private" not in request
    lead = {"name": call.lead_name, "phone": f"+1{call.lead_phone}"}
    assert request["participants"] == [ALICE, lead]


def test_an_owner_that_is_no_user_is_left_out(shared: Stack, sent: Calls) -> None:
    """A request whose owner is refused is sent again without the owner."""
    call = sent["owner refused"]
    shared.bridge.reaches(call, "complete")
    assert shared.requests(call) == [422, 201]
    assert not any(one.get("is_owner") for one in _request(shared, call)["participants"])


def test_insights_are_what_askelephant_found(shared: Stack, sent: Calls) -> None:
    """The API shows action items, signals and transcript, in the call and at their own path."""
    call = shared.bridge.reaches(sent["insights late"], "complete")
    [made] = shared.engagements(sent["insights late"])
    insights = shared.bridge.get(f"/api/calls/{call['call_id']}/insights").json()
    assert insights == call["insights"]
    assert (len(insights["action_items"]), len(insights["signals"])) == (
        made["action_items"],
        made["signals"],
    )
    assert insights["transcript"]


def test_a_rejection_keeps_every_field_error(shared: Stack, sent: Calls) -> None:
    """The API shows status, request id and every field error of a rejected call."""
    for name, status in {"rejected with 422": 422, "rejected with 400": 400}.items():
        problem = shared.bridge.reaches(sent[name], "failed")["problem"]
        assert problem["status"] == status
        assert problem["request_id"]
        assert [error["field"] for error in problem["errors"]] == ["title", "media_url"]


@pytest.mark.parametrize("name", ["event never", "event always badly signed"])
def test_without_a_transcript_event_the_bridge_polls(name: str, shared: Stack, sent: Calls) -> None:
    """Calls whose webhook never comes, or is never valid, complete because the bridge polls."""
    call = shared.bridge.reaches(sent[name], "complete")
    assert [entry["source"] for entry in entries(call, "transcript.ready")] == ["poll"]


def test_an_event_may_come_before_the_response(shared: Stack, sent: Calls) -> None:
    """A webhook that comes before the response to the POST still completes its call."""
    call = shared.bridge.reaches(sent["event before the response"], "complete")
    assert [entry["source"] for entry in entries(call, "transcript.ready")] == ["webhook"]
    journal, ours = shared.sandbox.journal(), f"wavv-call-{call['call_id']}"
    # On a busy machine the request may time out: then the bridge sends it again.
    posted = ("POST", ours)
    first, *_ = [o for o in journal["requests"] if (o["method"], o["external_id"]) == posted]
    [sent_webhook] = [one for one in journal["deliveries"] if _is_of_transcript(one, ours)]
    assert first["status"] == 201
    assert sent_webhook["answered_at"] <= first["answered_at"]


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("event badly signed at first", [401, 401, 202]),
        ("event too old at first", [401, 202]),
        ("event with two signatures", [202]),
        ("event twice", [202, 202]),
        ("event sent again and again", [202] * 6),
    ],
)
def test_only_a_valid_signature_is_accepted(
    name: str, statuses: list[int], shared: Stack, sent: Calls
) -> None:
    """A webhook with a bad signature is refused until a valid one comes; a repeat is accepted."""
    shared.bridge.reaches(sent[name], "complete")
    external_id = f"wavv-call-{sent[name].call_id}"

    def seen_statuses() -> list[int | None]:
        tried = shared.sandbox.journal()["deliveries"]
        return [one["status"] for one in tried if _is_of_transcript(one, external_id)]

    assert (
        wait_for(seen_statuses, lambda seen: len(seen) == len(statuses) and None not in seen, name)
        == statuses
    )


def test_engagements_of_other_people_are_ignored(shared: Stack) -> None:
    """The webhook of an engagement that the bridge did not make is accepted and ignored."""
    name = "events.parked.unknown_engagement"
    before = shared.bridge.counted(name)
    made = shared.sandbox.submit("made-in-the-app", external_url="https://app.example/1").json()
    wait_for(lambda: shared.bridge.counted(name), lambda now: now > before, "its event is parked")
    found = shared.bridge.get(f"/api/calls?q={made['id']}").json()
    assert found["data"] == []


def _is_of_transcript(delivery: Json, external_id: str) -> bool:
    wanted = (external_id, "v1.engagement.transcript_timeline.completed")
    return (delivery["external_id"], delivery["type"]) == wanted


def _request(stack: Stack, call: SampleCall) -> Json:
    [made] = stack.engagements(call)
    request = made["request"]
    assert isinstance(request, dict)
    return request
