"""The sandbox's control API: faults, behaviours, the journal."""

from datetime import datetime

import httpx
import pytest

from bridge.simulator.askelephant import SandboxOptions, Timings
from tests.support.sandbox import Sandbox, running_sandbox


def test_behaviours_can_be_given_to_ids_without_a_marker(sandbox: Sandbox) -> None:
    """By the whole id or a part of it; posting nothing takes them away."""
    sandbox.control("behaviours", {"exact": {"a": "reject"}, "containing": {"b-": "conflict.9"}})
    assert [sandbox.submit(name).status_code for name in ("a", "b-1", "c")] == [422, 409, 201]
    sandbox.control("behaviours")
    assert sandbox.submit("a").status_code == 201


def test_a_fault_meets_every_request_until_it_is_cleared(sandbox: Sandbox) -> None:
    """An outage with its Retry-After; the control API goes on working."""
    sandbox.control("faults", {"status": 503, "retry_after": "7"})
    answer = sandbox.submit("a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert sandbox.page().status_code == 503
    sandbox.control("faults")
    assert sandbox.submit("a").status_code == 201


@pytest.mark.parametrize(
    ("body", "content"), [("html", "text/html"), ("json", "application/json"), ("empty", "")]
)
def test_a_gateway_can_stand_before_the_whole_api(
    sandbox: Sandbox, body: str, content: str
) -> None:
    """A balancer without a backend: 404, nothing of the API in the response."""
    sandbox.control("faults", {"status": 404, "gateway": body})
    response = sandbox.submit("a")
    assert response.status_code == 404
    assert response.headers.get("content-type", "").startswith(content)
    assert "x-api-version" not in response.headers
    assert sandbox.journal()["requests"][0]["from_gateway"]


def test_a_fault_can_meet_one_method_only(sandbox: Sandbox) -> None:
    """Reads go on while submissions are refused: with a status that HTTP does not know, too."""
    sandbox.control("faults", {"status": 460, "method": "POST"})
    assert sandbox.submit("a").status_code == 460
    assert sandbox.page().status_code == 200


def test_a_hang_ends_when_the_fault_changes(sandbox: Sandbox) -> None:
    """The client gives up first; what hung is answered once the fault is gone."""
    sandbox.control("faults", {"hang": True, "delay": 1})
    with pytest.raises(httpx.ReadTimeout):
        sandbox.client.get("/v2/engagements", headers=sandbox.headers(), timeout=0.1)
    assert [entry["status"] for entry in sandbox.journal()["requests"]] == [None]
    sandbox.control("faults")
    assert sandbox.page().status_code == 200
    assert [entry["status"] for entry in sandbox.journal()["requests"]] == [503, 200]


def test_the_journal_tells_of_every_request(sandbox: Sandbox) -> None:
    """Time, method, path, status, external_id and key; a misspelt behaviour is shown."""
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
def test_a_control_request_that_is_wrong_is_told_so(
    sandbox: Sandbox, path: str, body: dict[str, object], field: str
) -> None:
    """A scene that is set wrongly would make a test pass for the wrong reason."""
    answer = sandbox.control(path, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_another_engagement_follows_a_deleted_one(sandbox: Sandbox) -> None:
    """The id is not found any more; the same external_id makes one with other insights."""
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
    """Each download takes as long; reads are as fast as ever."""
    with running_sandbox(SandboxOptions(scale=1, timings=Timings(media_fetch=0))) as sandbox:
        sandbox.control("faults", {"media": 0.3})
        sandbox.submit("a")
        request = sandbox.journal()["requests"][0]
        begun, ended = (datetime.fromisoformat(request[name]) for name in ("at", "answered_at"))
        assert (ended - begun).total_seconds() >= 0.3
        assert sandbox.page().status_code == 200


def test_the_journal_takes_only_a_number_of_seconds(sandbox: Sandbox) -> None:
    """A garbled wait is refused."""
    answer = sandbox.client.get("/sandbox/journal", params={"settle": "long"})
    assert answer.status_code == 422


def test_the_behaviours_can_be_asked_for(sandbox: Sandbox) -> None:
    """For whoever writes a demo without the source at hand."""
    assert "early-webhook" in sandbox.client.get("/sandbox/behaviours").json()
