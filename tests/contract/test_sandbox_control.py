"""The sandbox's control API: faults, behaviours, the journal."""

from collections.abc import Iterator

import httpx
import pytest

from bridge.askelephant.sandbox import SandboxOptions
from tests.sandbox import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """Run one sandbox in which no time passes."""
    with running_sandbox(SandboxOptions(scale=0)) as running:
        yield running


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    """Return it as new."""
    return shared.reset()


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


def test_the_journal_takes_only_a_number_of_seconds(sandbox: Sandbox) -> None:
    """A garbled wait is refused."""
    answer = sandbox.client.get("/sandbox/journal", params={"settle": "long"})
    assert answer.status_code == 422


def test_the_behaviours_can_be_asked_for(sandbox: Sandbox) -> None:
    """For whoever writes a demo without the source at hand."""
    assert "early-webhook" in sandbox.client.get("/sandbox/behaviours").json()
