"""The replay of many calls: dry run, filters, pace, and never a second engagement.

The API and the services are real; AskElephant is the sandbox.
"""

import time
from collections import Counter
from functools import partial

import pytest

from bridge.api import replays
from bridge.api.pages import Query
from bridge.domain.call import Call, State
from bridge.domain.events import Replayed
from bridge.domain.machine import advance
from bridge.pipeline.replay import replay
from bridge.simulator.wavv.samples import SampleCall
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import whats
from tests.support.store import at_once
from tests.support.web_process import problem_in


def test_a_dry_run_is_the_default_counts_by_reason_and_changes_nothing(operated: Operated) -> None:
    """Without ``dry_run=false`` a replay counts calls by reason and changes nothing."""
    calls = operated.fail(2)
    operated.bridge.sandbox.control("behaviours")
    calls += [operated.bridge.dial("failed+no-webhook")]
    operated.bridge.process(calls[-1])
    operated.bridge.sweep_for(minutes=20)
    before = operated.records(calls)
    response = operated.replay(state="failed")
    assert response.status_code == 200
    assert response.json() == {
        "dry_run": True, "matched": 3, "started": 0, "first_due_at": None, "last_due_at": None,
        "reasons": {"rejected": 2, "processing_failed": 1}, "next_cursor": None,
    }  # fmt: skip
    assert operated.records(calls) == before


def test_complete_calls_have_no_reason_and_are_counted_all_the_same(operated: Operated) -> None:
    """Complete calls have no reason, and are counted under a name of their own."""
    operated.bridge.completed()
    assert operated.replay(state="complete").json()["reasons"] == {"none": 1}


@pytest.mark.parametrize("behaviour", ["reject", "garbage-json"])
def test_failed_calls_whose_cause_is_gone_complete_once_each(
    operated: Operated, behaviour: str
) -> None:
    """Failed calls whose cause is gone complete with one engagement each.

    It does not matter whether AskElephant had made the engagement.
    """
    bridge = operated.bridge
    bridge.change_settings(retry_deadline=0)
    calls = operated.fail(30, behaviour) if behaviour == "reject" else _fail_after_commit(operated)
    operated.accept_all()
    response = operated.replay(state="failed", dry_run=False, pace="10/s")
    assert (response.status_code, response.json()["started"]) == (202, len(calls))
    bridge.sweep_for(minutes=3)
    assert {call.state for call in operated.records(calls)} == {State.SUBMITTED}
    for call in calls:
        bridge.transcribed(call)
    bridge.drain()
    bridge.sweep_for(minutes=3)
    assert {call.state for call in operated.records(calls)} == {State.COMPLETE}
    made = Counter(one["external_id"] for one in bridge.sandbox.settled()["engagements"])
    assert made == {f"wavv-call-{call.call_id}": 1 for call in calls}


@pytest.mark.parametrize("many", [True, False])
def test_a_complete_call_that_is_replayed_still_has_one_engagement(
    operated: Operated, *, many: bool
) -> None:
    """A replayed complete call keeps its engagement, and its insights are fetched again."""
    call = operated.bridge.completed()
    before = operated.bridge.call(call)
    if many:
        assert operated.replay(state="complete", dry_run=False).status_code == 202
    else:
        assert operated.http.post(f"/api/calls/{call.call_id}/replay").status_code == 202
    operated.bridge.sweep_for(minutes=5)
    found = operated.bridge.call(call)
    assert (found.state, found.engagement_id) == (State.COMPLETE, before.engagement_id)
    assert (found.insights.status, found.engagement_created) == ("all", False)
    assert [one["status"] for one in operated.bridge.requests()] == [201, 200]
    assert len(operated.bridge.bodies()) == 1


def test_a_call_that_failed_at_a_read_is_posted_again(
    operated: Operated,
) -> None:
    """A call that failed while it was read is posted again, and gets its engagement's id back."""
    bridge = operated.bridge
    call = bridge.dial("stuck")
    bridge.process(call)
    bridge.sweep_for(hours=25)
    assert bridge.call(call).reason == "transcript_missing"
    operated.replay(state="failed", dry_run=False)
    bridge.sweep_for(minutes=1)
    found = bridge.call(call)
    assert (found.state, found.engagement_created) == (State.SUBMITTED, False)
    bridge.transcribed(call)
    bridge.drain()
    bridge.sweep_for(hours=1)
    assert bridge.call(call).state is State.COMPLETE
    assert len(bridge.bodies()) == 1


def test_one_replay_starts_a_call_once(
    operated: Operated,
) -> None:
    """One replay starts a call once, although the call fails again before the replay ends."""
    calls = operated.fail(2)
    first = operated.replay(state="failed", dry_run=False, limit=1).json()
    operated.bridge.sweep_for(minutes=2)
    assert operated.bridge.call(calls[1]).state is State.FAILED
    second = operated.replay(state="failed", dry_run=False, cursor=first["next_cursor"]).json()
    assert (second["started"], second["next_cursor"]) == (1, None)
    assert operated.bridge.call(calls[0]).state is State.RECORDED


@pytest.mark.parametrize(
    ("chosen", "places"),
    [
        ({}, {0, 1, 2, 3}),
        ({"reason": "rejected"}, {0, 1, 2, 3}),
        ({"reason": "reject"}, set()),
        ({"since": 2}, {2, 3}),
        ({"until": 2}, {0, 1}),
        ({"since": 1, "until": 3}, {1, 2}),
        ({"limit": 1}, {3}),
        ({"state": "skipped"}, set()),
    ],
)
def test_the_filters_choose_what_the_list_shows(
    operated: Operated, chosen: dict[str, object], places: set[int]
) -> None:
    """The filters of a replay select the calls that the list shows for the same filters."""
    calls = operated.fail(4)
    first_heard = [call.created_at for call in operated.records(calls)]
    for name in {"since", "until"} & chosen.keys():
        place = chosen[name]
        assert isinstance(place, int)
        chosen = chosen | {name: first_heard[place].isoformat()}
    order = {"state": "failed"} | chosen
    listed = operated.http.get("/api/calls", params=order).json()["data"]  # type: ignore[arg-type]  # its values are of many types
    assert operated.replay(**order).json()["matched"] == len(places)
    operated.replay(**order, dry_run=False)
    moved = {n for n, call in enumerate(operated.records(calls)) if call.state is State.RECORDED}
    assert moved == places
    assert {call["call_id"] for call in listed} == {calls[place].call_id for place in places}


def test_two_replays_at_once_start_each_call_once(operated: Operated) -> None:
    """Of two replays at the same time one starts each call, and the other changes nothing."""
    calls = operated.fail(20)
    replay_all = partial(operated.replay, state="failed", dry_run=False)
    started: list[int] = []
    at_once(*[lambda: started.append(replay_all().json()["started"])] * 3)
    assert sum(started) == 20
    assert len(started) == 3
    for call in operated.records(calls):
        assert whats(call).count("call.replayed") == 1
        assert "event.ignored" not in whats(call)


@pytest.mark.parametrize("change", [{"state": State.RECORDED}, {"reason": "processing_failed"}])
def test_a_call_that_changed_since_it_was_matched_is_left_alone(
    operated: Operated, change: dict[str, object]
) -> None:
    """A call that no longer matches when it is saved is not replayed."""
    (call,) = operated.fail(1)
    services = operated.bridge.services
    listed = operated.bridge.call(call)
    services.calls.update(call.call_id, lambda found: found and found.but(**change))
    before = operated.bridge.call(call)
    query = Query(State.FAILED, reason="rejected")
    assert replay(services, listed, query.holds) is None
    assert operated.bridge.call(call) == before


def test_a_call_that_was_replayed_first_gets_409(operated: Operated) -> None:
    """If another request replays a call first, the response is 409 with the new state."""
    (call,) = operated.fail(1)
    services = operated.bridge.services

    def again(found: Call | None) -> Call | None:
        return found and advance(found, Replayed(), services.now(), services.policy)

    services.calls.update(call.call_id, again)
    response = operated.http.post(f"/api/calls/{call.call_id}/replay")
    assert "The call is recorded" in problem_in(response, 409, "conflict")


@pytest.mark.parametrize(
    ("order", "name"),
    [
        ({}, "state"), ({"state": "recorded"}, "state"), ({"state": "unrecorded"}, "state"),
        ({"state": "failed", "pace": "fast"}, "pace"), ({"state": "failed", "pace": 0}, "pace"),
        ({"state": "failed", "pace": "101/s"}, "pace"), ({"state": "failed", "pace": 1e9}, "pace"),
        ({"state": "failed", "pace": -1}, "pace"), ({"state": "failed", "pace": True}, "pace"),
        ({"state": "failed", "pace": "0/m"}, "pace"), ({"state": "failed", "pace": "1/d"}, "pace"),
        ({"state": "failed", "limit": 0}, "limit"),
        ({"state": "failed", "since": "yesterday"}, "since"),
        ({"state": "failed", "dryrun": False}, "dryrun"),
        ({"state": "failed", "dry_run": "maybe"}, "dry_run"),
    ],
)  # fmt: skip
def test_a_replay_with_a_bad_field_gets_422(
    operated: Operated, order: dict[str, object], name: str
) -> None:
    """A replay with a bad or unknown field gets 422, and replays nothing."""
    assert problem_in(operated.replay(**order), 422, "bad_parameter").startswith(name)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 9999])
def test_a_replay_that_is_no_object_gets_422(operated: Operated, body: bytes) -> None:
    """A replay whose body is no object gets 422."""
    problem_in(operated.http.post("/api/replay", content=body), 422, "bad_parameter")


def test_a_replay_that_is_too_large_is_not_read(
    operated: Operated,
) -> None:
    """A body that is too large is refused after the token was checked and is not read whole."""
    large = b'{"state": "failed", "reason": "%s"}' % (b"x" * replays.LIMIT)
    problem_in(operated.http.post("/api/replay", content=large), 413, "too_large")
    stranger = operated.http.post("/api/replay", content=b"{", headers={"Authorization": ""})
    problem_in(stranger, 401, "bad_token")


def test_the_replay_is_in_the_openapi_document(operated: Operated) -> None:
    """The OpenAPI document describes the replay with every filter."""
    described = operated.http.get("/api/openapi.json").json()["paths"]["/api/replay"]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"].keys() == set(replays.ReplayOrder.model_fields)


@pytest.mark.parametrize(
    "cursor", ["garbage", "nan~", "inf~x", "1e300~", "1~%%%", "1~AAAA", "x~", "~"]
)
def test_a_foreign_cursor_gets_400(operated: Operated, cursor: str) -> None:
    """A foreign cursor gets 400, not a replay from the beginning."""
    response = operated.replay(state="failed", dry_run=False, cursor=cursor)
    assert "next_cursor of an earlier" in problem_in(response, 400, "bad_request")


@pytest.mark.parametrize("days", [400, 40_000, 2_900_000])
def test_a_cursor_puts_no_call_off_for_years(operated: Operated, days: int) -> None:
    """A cursor with a due time in the far future is rejected."""
    (call,) = operated.fail(1)
    at = f"{time.time() + days * 86_400:.0f}"
    for dry_run in (True, False):
        response = operated.replay(state="failed", dry_run=dry_run, cursor=f"{at}~")
        assert "366 days" in problem_in(response, 400, "bad_request")
    assert operated.bridge.call(call).state is State.FAILED


def _fail_after_commit(operated: Operated) -> list[SampleCall]:
    """Return failed calls for which AskElephant had made engagements."""
    calls = operated.fail(5, "garbage-json.9")
    assert {call.engagement_id for call in operated.records(calls)} == {None}
    assert len(operated.bridge.bodies()) == len(calls)
    return calls
