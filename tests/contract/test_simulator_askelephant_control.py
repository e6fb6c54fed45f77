"""The sandbox's control API: faults, behaviours and the journal."""

from datetime import datetime

import httpx
import pytest

from bridge.simulator.askelephant import SandboxOptions, Timings
from tests.support.sandbox import Sandbox, running_sandbox


def test_behaviours_can_be_given_to_ids_without_a_marker(sandbox: Sandbox) -> None:
    """Behaviours can be set for ids or parts of ids, and are removed by an empty request."""
    sandbox.control("behaviours", {"exact": {"a": "reject"}, "containing": {"b-": "conflict.9"}})
    assert [sandbox.submit(name).status_code for name in ("a", "b-1", "c")] == [422, 409, 201]
    sandbox.control("behaviours")
    assert sandbox.submit("a").status_code == 201


def test_a_fault_meets_every_request_until_it_is_cleared(sandbox: Sandbox) -> None:
    """A fault applies to every request until it is cleared; the control API still works."""
    sandbox.control("faults", {"status": 503, "retry_after": "7"})
    response = sandbox.submit("a")
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert sandbox.page().status_code == 503
    sandbox.control("faults")
    assert sandbox.submit("a").status_code == 201


@pytest.mark.parametrize(
    ("body", "content"), [("html", "text/html"), ("json", "application/json"), ("empty", "")]
)
def test_a_gateway_can_stand_before_the_whole_api(
    sandbox: Sandbox, body: str, content: str
) -> None:
    """A gateway can respond with 404 for the whole API, without any header of the API."""
    sandbox.control("faults", {"status": 404, "gateway": body})
    response = sandbox.submit("a")
    assert response.status_code == 404
    assert response.headers.get("content-type", "").startswith(content)
    assert "x-api-version" not in response.headers
    assert sandbox.journal()["requests"][0]["from_gateway"]


def test_a_fault_can_meet_one_method_only(sandbox: Sandbox) -> None:
    """A fault can apply to one method, with any status."""
    sandbox.control("faults", {"status": 460, "method": "POST"})
    assert sandbox.submit("a").status_code == 460
    assert sandbox.page().status_code == 200


def test_a_hang_ends_when_the_fault_changes(sandbox: Sandbox) -> None:
    """A request that hangs gets its response when the fault is cleared."""
    sandbox.control("faults", {"hang": True, "delay": 1})
    with pytest.raises(httpx.ReadTimeout):
        sandbox.client.get("/v2/engagements", headers=sandbox.headers(), timeout=0.1)
    assert [entry["status"] for entry in sandbox.journal()["requests"]] == [None]
    sandbox.control("faults")
    assert sandbox.page().status_code == 200
    assert [entry["status"] for entry in sandbox.journal()["requests"]] == [503, 200]


def test_the_journal_has_every_request(sandbox: Sandbox) -> None:
    """The journal has method, path, status, external_id, key and time of every request."""
    sandbox.submit("a~rejekt")
    journal = sandbox.journal()
    entry = journal["requests"][0]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/api/v2/engagements", 201)
    assert (entry["external_id"], entry["key_id"]) == ("a~rejekt", "sandbox")
    assert entry["unknown_behaviours"] == ["rejekt"]
    assert entry["at"] <= entry["answered_at"]
    assert journal["engagements"][0]["request"]["title"] == "Call with Jane Doe"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("behaviours", {"exact": {"a": "nonsense"}}, "exact.a"),
        ("keys", {"id": "new"}, "secret"),
        ("keys", {"id": "new", "secret": "s", "scopes": ["all"]}, "scopes.0"),
        ("webhook", {"secrets": ["plain"]}, "secrets.0"),
        ("faults", {"hangs": True}, "hangs"),
        ("faults", {"status": 999}, "status"),
        ("faults", {"gateway": "xml"}, "gateway"),
        ("behaviours", {"everywhere": "nonsense"}, "everywhere"),
        ("users", {}, "users"),
    ],
)
def test_a_bad_control_request_gets_422(
    sandbox: Sandbox, path: str, body: dict[str, object], field: str
) -> None:
    """A bad control request gets 422, which names the field."""
    response = sandbox.control(path, body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


def test_another_engagement_follows_a_deleted_one(sandbox: Sandbox) -> None:
    """After a deletion the same external_id makes another engagement with other insights."""
    first = sandbox.submit("a").json()["id"]
    sandbox.settled()
    insights = sandbox.read(first, "action_items", "signals").json()
    assert sandbox.control("delete", {"external_id": "a"}).status_code == 204
    assert sandbox.read(first).status_code == 404
    assert sandbox.control("delete", {"engagement_id": first}).status_code == 404
    second = sandbox.submit("a")
    assert (second.status_code, second.json()["id"] != first) == (201, True)
    sandbox.settled()
    others = sandbox.read(second.json()["id"], "action_items", "signals").json()
    for name in ("action_items", "signals"):
        assert others[name]
        assert not {row["id"] for row in insights[name]} & {row["id"] for row in others[name]}


def test_media_can_be_slow_for_all() -> None:
    """The download of media can be slow for all calls, while reads are fast."""
    with running_sandbox(SandboxOptions(scale=1, timings=Timings(media_fetch=0))) as sandbox:
        sandbox.control("faults", {"media": 0.3})
        sandbox.submit("a")
        request = sandbox.journal()["requests"][0]
        begun, ended = (datetime.fromisoformat(request[name]) for name in ("at", "answered_at"))
        assert (ended - begun).total_seconds() >= 0.3
        assert sandbox.page().status_code == 200


def test_the_wait_for_the_journal_is_a_number(sandbox: Sandbox) -> None:
    """A wait for the journal that is no number gets 422."""
    response = sandbox.client.get("/sandbox/journal", params={"settle": "long"})
    assert response.status_code == 422


def test_the_behaviours_can_be_listed(sandbox: Sandbox) -> None:
    """The control API lists the behaviours."""
    assert "early-webhook" in sandbox.client.get("/sandbox/behaviours").json()
