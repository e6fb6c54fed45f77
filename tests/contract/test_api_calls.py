"""The API of one call: record, insights, replay; and the counts of all calls."""

import json
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from bridge.domain.call import FetchedLink, InsightsSummary, Metadata, State
from bridge.pipeline.events import drain
from bridge.store.hold import Cause
from tests.support.stored_calls import BEGIN, keep
from tests.support.web_process import TOKEN, Web, bearer, problem_in, running_web

PROMISED = {
    "call_id", "state", "reason", "engagement_id", "external_url", "askelephant_url", "metadata",
    "insights", "timeline", "attempts", "due_at", "created_at", "updated_at",
}  # fmt: skip
"""The fields of the public interface, which may only grow."""

ODD_IDS = [
    "a~429.30+x", "two words", "a/b", "/", "a//b/", "ümlaut ✓", "100%", "a%2Fb", "a?b=c", "a#b",
    "a+b", "a;b", "'\"<>", "\\", "🐘", "...", "b/insights", "b/replay", "/insights", "insights",
    "b/insights/insights", "%2Finsights",
]  # fmt: skip
ITEMS = [{"object": "action_item", "id": "act_1", "title": "Send the offer"}]
SIGNALS = [{"object": "signal", "id": "sig_1", "name": "Budget", "value": {"any": ["json", 1]}}]


def path(call_id: str, *further: str) -> str:
    """Return the path of a call, with its id encoded as clients encode it."""
    return "/".join(["/api/calls", quote(call_id, safe=""), *further])


def replay(web: Web, call_id: str) -> httpx.Response:
    """POST a replay of the call."""
    return web.client.post(path(call_id, "replay"), headers=bearer(TOKEN))


def with_insights(web: Web, call_id: str) -> None:
    """Store a complete call with its insights."""
    summary = InsightsSummary(status="all", checks=2, deadline=BEGIN + timedelta(minutes=30))
    call = keep(web, call_id, state=State.COMPLETE, insights=summary, engagement_id="ngmt_1",
                external_url=f"wavv://call/{call_id}", attempts=1)  # fmt: skip
    found = {"action_items": ITEMS, "signals": SIGNALS, "transcript": "Hello.", "tags": []}
    web.services.calls.update(call_id, lambda _: call.but(reason="seen"), insights=found)


def test_a_call_that_was_heard_of_has_all_that_is_promised(web: Web) -> None:
    """After WAVV's events the API shows every promised field of the call."""
    data = {"id": "call-1", "contactName": "Ada", "phone": "4155550100", "seconds": 61}
    web.wavv(json.dumps({"event": "call.ended", "data": data}).encode())
    drain(web.services)
    shown = web.get("/api/calls/call-1").json()
    assert shown.keys() >= PROMISED
    assert (shown["call_id"], shown["state"], shown["attempts"]) == ("call-1", "ended", 0)
    assert shown["engagement_id"] is shown["askelephant_url"] is None
    metadata = shown["metadata"]
    assert (metadata["lead_name"], metadata["lead_phone"], metadata["seconds"]) == (
        "Ada",
        "+14155550100",
        61,
    )
    assert [entry["what"] for entry in shown["timeline"]] == ["CallEnded"]
    assert shown["timeline"][0].keys() >= {"at", "what", "entry"}
    assert shown["insights"] == {
        "status": "pending", "checks": 0, "deadline": None, "action_items": [], "signals": [],
    }  # fmt: skip
    assert shown["due_at"] > shown["created_at"]


def test_a_call_shows_the_link_that_is_submitted(web: Web) -> None:
    """The API shows a freshly fetched link, and the events' own link stays on the record."""
    metadata = Metadata(recording_url="https://recordings.example.com/said.mp3")
    fetched = FetchedLink(url="https://recordings.example.com/fetched.mp3", at=BEGIN)
    keep(web, "call-1")
    keep(web, "call-2", metadata=metadata)
    keep(web, "call-3", metadata=metadata, fetched_link=fetched)
    shown = [web.get(path(f"call-{number}")).json() for number in (1, 2, 3)]
    assert [one["recording_url"] for one in shown] == [None, metadata.recording_url, fetched.url]
    assert shown[2]["metadata"]["recording_url"] == metadata.recording_url


def test_a_complete_call_has_its_insights_and_links_in_both_directions(web: Web) -> None:
    """A complete call shows its insights, the dialer's page and the engagement's page."""
    with_insights(web, "call-1")
    shown = web.get("/api/calls/call-1").json()
    assert shown["external_url"] == "wavv://call/call-1"
    assert shown["askelephant_url"] is None
    assert shown["insights"]["status"] == "all"
    assert (shown["insights"]["action_items"], shown["insights"]["signals"]) == (ITEMS, SIGNALS)
    assert web.get("/api/calls/call-1/insights").json() == shown["insights"]
    assert shown["insights"]["transcript"] == "Hello."


def test_the_list_shows_the_same_call_without_its_weight(web: Web) -> None:
    """The list has the same values as the call, without timeline and insights."""
    with_insights(web, "call-1")
    (line,) = web.get("/api/calls").json()["data"]
    whole = web.get("/api/calls/call-1").json()
    assert line.keys() >= PROMISED - {"insights", "timeline"}
    assert not {"insights", "timeline"} & line.keys()
    assert line["insights_status"] == whole["insights"]["status"]
    assert {key: whole[key] for key in line} == line


@pytest.mark.parametrize("call_id", ODD_IDS)
def test_an_odd_id_is_an_id_like_any_other(web: Web, call_id: str) -> None:
    """A call id may hold any characters, which are encoded in the path."""
    keep(web, "b")
    with_insights(web, call_id)
    assert web.get(path(call_id)).json()["call_id"] == call_id
    assert web.get(path(call_id, "insights")).json()["status"] == "all"
    replayed = replay(web, call_id)
    assert (replayed.status_code, replayed.json()["call_id"]) == (202, call_id)


def test_an_encoded_slash_belongs_to_the_id(web: Web) -> None:
    """An encoded slash is part of the id: ``b/insights`` is a call, not a route of ``b``."""
    with_insights(web, "b")
    keep(web, "b/insights")
    assert web.get("/api/calls/b%2finsights").json()["call_id"] == "b/insights"
    assert web.get("/api/calls/b%2Finsights/insights").json()["status"] == "pending"
    assert web.get("/api/calls/b/insights").json()["status"] == "all"
    assert web.get("/api/calls/b/insights/insights").json()["status"] == "pending"


@pytest.mark.parametrize(
    "call_id", ["none", "", "call-1/", "call-1/x", "CALL-1", "x" * 5000, "\x00"]
)
def test_an_unknown_call_gets_404(web: Web, call_id: str) -> None:
    """Every route of an unknown call responds with 404 as a problem."""
    keep(web, "call-1")
    responses = [web.get(path(call_id)), web.get(path(call_id, "insights"))]
    for response in responses:
        assert "There is no call with this id" in problem_in(response, 404, "not_found")


@pytest.mark.parametrize("state", [State.COMPLETE, State.SKIPPED, State.FAILED])
def test_a_call_at_rest_can_be_replayed(web: Web, state: State) -> None:
    """A replayed call is recorded again, keeps its ids, and is published for submission."""
    metadata = Metadata(recording_url="https://recordings.example.com/1.mp3")
    keep(web, "call-1", state=state, reason="old", metadata=metadata, engagement_id="ngmt_1",
         external_id="wavv-call-call-1", attempts=3)  # fmt: skip
    response = replay(web, "call-1")
    shown = response.json()
    assert (response.status_code, shown["state"], shown["reason"]) == (202, "recorded", None)
    assert (shown["external_id"], shown["attempts"]) == ("wavv-call-call-1", 0)
    assert shown["timeline"][-1]["what"] == "call.replayed"
    assert web.published.tasks == [("tasks.submit.submit_recording", "call-1")]
    assert web.get("/api/calls/call-1").json() == shown


@pytest.mark.parametrize(
    "state", [State.LIVE, State.ENDED, State.RECORDED, State.SUBMITTED, State.TRANSCRIBED,
              State.UNRECORDED],
)  # fmt: skip
def test_a_call_on_its_way_cannot_be_replayed(web: Web, state: State) -> None:
    """A replay of a call that has not ended gets 409 with its state, and changes nothing."""
    before = keep(web, "call-1", state=state)
    response = replay(web, "call-1")
    assert f"The call is {state}" in problem_in(response, 409, "conflict")
    assert web.services.calls.load("call-1") == before
    assert web.published.tasks == []


def test_a_replay_of_an_unknown_call_gets_404(web: Web) -> None:
    """A replay of an unknown call gets 404 as a problem."""
    response = replay(web, "none")
    problem_in(response, 404, "not_found")


def test_the_counts_of_an_empty_bridge_are_zero(web: Web) -> None:
    """The counts of an empty bridge name every state and step, with 0."""
    shown = web.get("/api/stats").json()
    assert shown["states"] == {state.value: 0 for state in State}
    assert shown["overdue"] == {"expire": 0, "submit": 0, "insights": 0}
    assert shown["inbox"] == {"waiting": 0, "oldest": None}
    assert (shown["hold"], shown["counters"], shown["unmapped_agents"]) == (None, {}, {})


def test_the_counts_show_all_calls_and_events(web: Web) -> None:
    """The counts show states, overdue calls, inbox, hold, counters and unmapped agents."""
    now = web.services.now()
    keep(web, "call-1", state=State.RECORDED, due_at=BEGIN)
    keep(web, "call-2", state=State.COMPLETE)
    web.wavv(b'{"event": "call.ended", "data": {"id": "call-3"}}')
    web.services.holds.start(Cause("bad_key", 401, "the key was refused"), now)
    web.services.counters.count_unmapped_agents(["usr_zoe"])
    shown = web.get("/api/stats").json()
    assert (shown["states"]["recorded"], shown["states"]["complete"]) == (1, 1)
    assert (shown["overdue"]["submit"], shown["inbox"]["waiting"]) == (1, 1)
    assert shown["inbox"]["oldest"] is not None
    assert (shown["hold"]["reason"], shown["hold"]["detail"]) == (
        "bad_key",
        "the key was refused",
    )
    assert shown["counters"]["events.received.wavv"] == 1
    assert shown["unmapped_agents"] == {"usr_zoe": 1}


def test_unmapped_agents_that_the_directory_knows_by_now_are_not_listed(valkey_url: str) -> None:
    """Unmapped agents that the directory knows by now are not listed."""
    agents = [{"id": "usr_1", "caller_id": "2125550199", "email": "bob@dialer.example"}]
    with running_web(valkey_url, agents=agents) as web:
        for agent in ("usr_1", "+12125550199", "usr_2"):
            web.services.counters.count_unmapped_agents([agent])
        assert web.get("/api/stats").json()["unmapped_agents"] == {"usr_2": 1}
