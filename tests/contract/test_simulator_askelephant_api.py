"""The sandbox's API over real HTTP: submissions, reads and refusals."""

import pytest

from bridge.simulator.askelephant import SandboxOptions
from tests.support.sandbox import Sandbox, running_sandbox

EXPAND = (
    "action_items",
    "signals",
    "transcript",
    "contacts",
    "companies",
    "owner",
    "media_url",
    "tags",
)


def test_a_call_is_created_once_and_then_returned_unchanged(sandbox: Sandbox) -> None:
    """A call is created with 201, and returned unchanged with 200, without its external_id."""
    first = sandbox.submit("a")
    again = sandbox.submit("a", title="Another title", external_url="https://else.example/")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"].startswith("ngmt_")
    assert first.json()["processing_status"] == "PENDING"
    assert (again.json()["id"], again.json()["title"]) == (first.json()["id"], "Call with Jane Doe")
    assert "external_id" not in first.text


def test_an_existing_call_is_returned_whatever_its_new_media_is(sandbox: Sandbox) -> None:
    """An existing call is returned without a check of its new media."""
    sandbox.submit("a")
    assert sandbox.submit("a", media_url="http://10.0.0.1/").status_code == 200


def test_the_api_is_served_with_and_without_its_prefix(sandbox: Sandbox) -> None:
    """The API has the same data with and without ``/api``."""
    engagement_id = sandbox.submit("a").json()["id"]
    response = sandbox.client.get(f"/v2/engagements/{engagement_id}", headers=sandbox.headers())
    assert response.status_code == 200


def test_a_read_shows_what_is_expanded_and_nothing_else(sandbox: Sandbox) -> None:
    """A read shows the requested expansions, each in its documented form, and no others."""
    engagement_id = sandbox.submit("a").json()["id"]
    sandbox.settled()
    plain, full = sandbox.read(engagement_id), sandbox.read(engagement_id, *EXPAND)
    assert not set(EXPAND) & set(plain.json())
    body = full.json()
    assert body["processing_status"] == "COMPLETED"
    assert body["owner"]["email"] == "alice@dialer.example"
    assert [contact["phone"] for contact in body["contacts"]] == ["+14155550100"]
    assert [company["domain"] for company in body["companies"]] == ["customer.example"]
    assert body["media_url"].startswith("https://")
    assert "Alice Smith" in body["transcript"]
    assert 1 <= len(body["action_items"]) <= 3
    assert 2 <= len(body["signals"]) <= 4
    assert body["tags"]
    assert full.headers["x-api-version"]
    assert full.headers["etag"] != plain.headers["etag"]
    assert full.headers["x-request-id"].startswith("req_")


def test_the_insights_of_a_call_are_always_the_same(sandbox: Sandbox) -> None:
    """The insights of a call depend on its external_id only."""
    found = []
    for _ in range(2):
        sandbox.control("reset")
        engagement_id = sandbox.submit("a").json()["id"]
        sandbox.settled()
        body = sandbox.read(engagement_id, "action_items", "signals").json()
        found.append((body["signals"], [item["id"] for item in body["action_items"]]))
    assert found[0] == found[1]


def test_a_transcript_that_was_sent_along_is_the_transcript(sandbox: Sandbox) -> None:
    """The transcript of a submission is the engagement's transcript."""
    engagement_id = sandbox.submit("a", transcript="We said this.").json()["id"]
    sandbox.settled()
    assert sandbox.read(engagement_id, "transcript").json()["transcript"] == "We said this."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"title": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_json_object_is_a_400(sandbox: Sandbox, body: bytes) -> None:
    """A body that is no JSON object gets 400."""
    response = sandbox.client.post("/v2/engagements", content=body, headers=sandbox.headers())
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"title": None}, 400, "title"),
        ({"media_url": "http://recordings.example.com/a.mp3"}, 422, "media_url"),
        ({"external_url": "javascript:alert(1)"}, 422, "external_url"),
        (
            {"participants": [{"name": "A"}, {"email": "a@unknown.example", "is_owner": True}]},
            422,
            "participants.1",
        ),
    ],
)
def test_a_refusal_names_its_field_and_makes_nothing(
    sandbox: Sandbox, changes: dict[str, object], status: int, field: str
) -> None:
    """A refusal names its field with 400 or 422, and makes no engagement."""
    response = sandbox.submit("a", **changes)
    assert response.status_code == status
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert sandbox.submit("a").status_code == 201


def test_an_owner_must_be_one_of_the_users(sandbox: Sandbox) -> None:
    """The owner must be a user of the workspace, whose users can be set."""
    sandbox.control("users", {"users": [{"id": "usr_1", "email": "bob@dialer.example"}]})
    errors = sandbox.submit("a").json()["errors"]
    assert [(one["field"], one["code"]) for one in errors] == [
        ("participants.0", "owner_not_found")
    ]
    sandbox.control("users", {"users": None})
    assert sandbox.submit("a").status_code == 201


def test_without_an_owner_the_keys_own_user_owns_the_call(sandbox: Sandbox) -> None:
    """Without an owner in the request the key's user owns the engagement."""
    response = sandbox.submit("a", participants=None)
    assert response.json()["owner_user_id"] == SandboxOptions().key_owner.id


@pytest.mark.parametrize(("sent", "kept"), [(None, True), (True, True), (False, False)])
def test_privacy_left_out_is_the_workspaces_default(*, sent: bool | None, kept: bool) -> None:
    """``is_private`` defaults to the workspace's setting, and false is not the same as absent."""
    with running_sandbox(SandboxOptions(scale=0, private_by_default=True)) as sandbox:
        assert sandbox.submit("a", is_private=sent).json()["is_private"] is kept


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v2/engagements/ngmt_unknown", "GET", 404),
        ("/v2/engagements/ngmt_unknown?expand=everything", "GET", 400),
        ("/v2/nothing", "GET", 404),
        ("/v2/engagements", "DELETE", 405),
    ],
)
def test_what_is_not_there_is_a_problem(
    sandbox: Sandbox, path: str, method: str, status: int
) -> None:
    """An unknown path, engagement, method or expansion gets a problem with its status."""
    response = sandbox.client.request(method, path, headers=sandbox.headers())
    assert response.status_code == status
    assert response.json()["status"] == status
