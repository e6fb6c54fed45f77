"""The audit: who changed what through the API, without secrets and without personal data."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bridge.domain.call import Call, Metadata, State, new_call
from bridge.store import audit
from bridge.store.audit import Action
from bridge.store.hold import Cause
from tests.support.web_process import Web, bearer, problem_in, running_web

READ, OPERATE = "read-" * 8, "operate-" * 8
PERSON = Metadata(
    lead_name="Jane Doe",
    lead_email="jane@customer.example",
    lead_phone="+14155550100",
    recording_url="https://recordings.example.com/1.mp3",
)


@pytest.fixture(scope="module")
def web_process(valkey_url: str) -> Iterator[Web]:
    """Run a web process with a token of each scope."""
    with running_web(valkey_url, api_tokens=f"grafana/read:{READ},ops/operate:{OPERATE}") as web:
        yield web


def get(web: Web, **query: str | int) -> dict[str, Any]:
    """Return a page of the audit, which a token with ``read`` may read."""
    response = web.client.get("/api/audit", params=query, headers=bearer(READ))
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def post(web: Web, path: str, **body: object) -> httpx.Response:
    """Send a change with the token ``ops``."""
    return web.client.post(path, json=body, headers=bearer(OPERATE))


def changes(web: Web) -> list[tuple[str, str, list[str], int]]:
    """Return name, action, targets and count of each change, the newest first."""
    data = get(web)["data"]
    return [(one["name"], one["action"], one["targets"], one["count"]) for one in data]


def keep_failed(web: Web, *call_ids: str) -> None:
    """Store failed calls with the data of a person."""
    for call_id in call_ids:
        new = new_call(call_id, web.services.now())
        failed = new.but(state=State.FAILED, metadata=PERSON)
        web.services.calls.update(call_id, partial(_replaced, failed))


def _replaced(failed: Call, _stored: Call | None) -> Call:
    return failed


def test_every_change_is_listed_with_the_name_of_its_token(web: Web) -> None:
    """A replay of one call or many, a release and a retry are each one entry."""
    assert get(web) == {"data": [], "next_cursor": None}
    keep_failed(web, "a/1", "b-2", "c-3")
    assert post(web, "/api/calls/a%2F1/replay").status_code == 202
    assert post(web, "/api/replay", state="failed", dry_run=False).json()["started"] == 2
    web.services.holds.start(Cause("scope_missing", 403), web.services.now(), step="insights")
    assert post(web, "/api/hold/release").status_code == 200
    fields: Any = {"source": "wavv", "raw": "{}", "entry": "1-1", "error": "x"}
    letter = web.services.redis.xadd(web.services.keys.dead_letters, fields)
    letter_id = letter.decode() if isinstance(letter, bytes) else str(letter)
    assert post(web, f"/api/events/set-aside/{letter_id}/retry").status_code == 202
    assert changes(web) == [
        ("ops", "dead_letter.retry", [letter_id], 1),
        ("ops", "holds.release", ["insights"], 1),
        ("ops", "calls.replay", ["c-3", "b-2"], 2),
        ("ops", "call.replay", ["a/1"], 1),
    ]
    ago = web.services.now() - timedelta(minutes=1)
    assert all(ago.isoformat() < one["at"] for one in get(web)["data"])


def test_the_timeline_of_a_replayed_call_has_the_name(web: Web) -> None:
    """``call.replayed`` has ``by``, whether one call was replayed or many."""
    keep_failed(web, "a-1", "b-2")
    post(web, "/api/calls/a-1/replay")
    post(web, "/api/replay", state="failed", dry_run=False)
    for call_id in ("a-1", "b-2"):
        timeline = web.client.get(f"/api/calls/{call_id}", headers=bearer(READ)).json()["timeline"]
        assert [(one["what"], one["by"]) for one in timeline] == [("call.replayed", "ops")]


def test_a_release_is_logged_with_the_name(web: Web) -> None:
    """``hold.released`` has ``by``."""
    web.services.holds.start(Cause("scope_missing", 403), web.services.now(), step="submit")
    with capture_logs() as lines:
        post(web, "/api/hold/release")
    assert [one["by"] for one in lines if one["event"] == "hold.released"] == ["ops"]
    assert not [one for one in lines if OPERATE in str(one)]


def test_what_changes_nothing_is_not_listed(web: Web) -> None:
    """A refused, unknown or empty request, and a dry run, leave no entry."""
    keep_failed(web, "a-1")
    assert post(web, "/api/calls/none/replay").status_code == 404
    assert post(web, "/api/replay", state="failed").status_code == 200
    assert post(web, "/api/replay", state="complete", dry_run=False).json()["started"] == 0
    assert post(web, "/api/hold/release").json() == {"released": []}
    assert post(web, "/api/events/set-aside/1-1/retry").status_code == 404
    assert web.client.post("/api/calls/a-1/replay", headers=bearer(READ)).status_code == 403
    assert post(web, "/api/calls/a-1/replay").status_code == 202
    assert post(web, "/api/calls/a-1/replay").status_code == 409
    assert [action for _, action, _, _ in changes(web)] == ["call.replay"]


def test_neither_the_api_nor_redis_has_secrets_or_people_in_the_audit(web: Web) -> None:
    """An entry has the name of the token and ids only."""
    keep_failed(web, "a-1")
    post(web, "/api/calls/a-1/replay")
    rows: Any = web.services.redis.xrange(web.services.keys.audit)
    ((_, stored),) = rows
    assert {name.decode() for name in stored} == {"at", "name", "action", "targets", "count"}
    for shown in (str(stored), str(get(web))):
        assert not [text for text in (OPERATE, "Jane", "customer", "4155550100") if text in shown]


def test_pages_follow_each_other_without_a_gap(web: Web) -> None:
    """Each entry is on one page; the last page has no cursor, even if it is full."""
    for number in range(4):
        web.services.audit.add(web.services.now(), "ops", Action.REPLAY_CALL, [f"c-{number}"])
    first = get(web, limit=2)
    web.services.audit.add(web.services.now(), "ops", Action.REPLAY_CALL, ["later"])
    second = get(web, limit=2, cursor=first["next_cursor"])
    pages = [[one["targets"][0] for one in page["data"]] for page in (first, second)]
    assert pages == [["c-3", "c-2"], ["c-1", "c-0"]]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "-", "+", "0-0", "1-x", "99999999999999999999-0", "1 2"])
def test_a_cursor_that_no_page_returned_gets_400(web: Web, cursor: str) -> None:
    """A made-up cursor is refused with what it must be."""
    query = {"cursor": cursor}
    response = web.client.get("/api/audit", params=query, headers=bearer(READ))
    assert "next_cursor of an earlier page" in problem_in(response, 400, "bad_request")


@pytest.mark.parametrize("limit", [0, 201, "many"])
def test_a_page_is_bounded(web: Web, limit: object) -> None:
    """A page has 1 to 200 entries."""
    response = web.client.get(f"/api/audit?limit={limit}", headers=bearer(READ))
    problem_in(response, 422, "bad_parameter")


def test_the_newest_changes_are_kept(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the oldest entries are deleted, exactly."""
    monkeypatch.setattr(audit, "KEPT_CHANGES", 3)
    for number in range(5):
        web.services.audit.add(web.services.now(), "ops", Action.REPLAY_CALL, [f"c-{number}"])
    assert [targets for _, _, targets, _ in changes(web)] == [["c-4"], ["c-3"], ["c-2"]]


def test_an_entry_lists_a_limited_number_of_ids(web: Web) -> None:
    """A replay of many calls lists the first ids and counts all."""
    ids = [f"c-{number}" for number in range(audit.KEPT_TARGETS + 1)]
    web.services.audit.add(web.services.now(), "ops", Action.REPLAY_CALLS, ids)
    assert changes(web) == [("ops", "calls.replay", ids[:-1], len(ids))]
