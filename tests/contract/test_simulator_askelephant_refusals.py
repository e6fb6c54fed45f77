"""The sandbox's refusals of one call, by the API or by a gateway, in every shape."""

import time

import httpx
import pytest

from bridge.simulator.askelephant.options import PRIVATE_READ, SCOPES
from tests.support.sandbox import Json, Sandbox

UNKNOWN_OWNER = [{"email": "gus@unknown.example", "is_owner": True}]


def is_the_apis_own(response: httpx.Response) -> bool:
    """Return whether a refusal is a problem of the API, with a request id."""
    is_problem = response.headers["content-type"] == "application/problem+json"
    return is_problem and response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("marker", "statuses"),
    [
        ("own-403", [403, 403, 403]),
        ("own-500", [500, 500, 500]),
        ("payment-required.2", [402, 402, 201]),
    ],
)
def test_the_api_refuses_one_call_and_accepts_the_others(
    sandbox: Sandbox, marker: str, statuses: list[int]
) -> None:
    """The API refuses one call and accepts others."""
    responses = [sandbox.submit(f"a~{marker}") for _ in statuses]
    assert [response.status_code for response in responses] == statuses
    assert is_the_apis_own(responses[0])
    assert sandbox.submit("b").status_code == 201


@pytest.mark.parametrize(
    ("marker", "statuses", "content_type"),
    [
        ("html-403.2", [403, 403, 201], "text/html"),
        ("html-404", [404, 201], "text/html"),
        ("gateway-html.460", [460, 201], "text/html"),
        ("gateway-html", [400, 201], "text/html"),
        ("gateway-json", [403, 201], "application/json"),
    ],
)
def test_a_gateway_responds_instead_of_the_api(
    sandbox: Sandbox, marker: str, statuses: list[int], content_type: str
) -> None:
    """A gateway's response has none of the API's headers, and the journal marks it."""
    responses = [sandbox.submit(f"a~{marker}") for _ in statuses]
    assert [response.status_code for response in responses] == statuses
    assert responses[0].headers["content-type"].startswith(content_type)
    assert not {"x-api-version", "x-request-id"} & set(responses[0].headers)
    seen = [request["from_gateway"] for request in sandbox.journal()["requests"]]
    assert seen == [status != 201 for status in statuses]


def test_reads_of_one_call_are_refused(sandbox: Sandbox) -> None:
    """Reads of one call can be refused by a firewall, a gateway or the API."""
    blocked = sandbox.submit("a~read-html-403+read-html-404.2").json()["id"]
    responses = [sandbox.read(blocked) for _ in range(4)]
    assert [response.status_code for response in responses] == [403, 404, 404, 200]
    assert [is_the_apis_own(response) for response in responses[:3]] == [False] * 3
    forbidden = sandbox.read(sandbox.submit("b~read-403").json()["id"])
    assert (forbidden.status_code, is_the_apis_own(forbidden)) == (403, True)


@pytest.mark.parametrize(("form", "unit"), [("epoch", 1), ("epoch-ms", 1000)])
def test_retry_after_can_be_a_moment(sandbox: Sandbox, form: str, unit: int) -> None:
    """``Retry-After`` can be a Unix time in seconds or milliseconds, as some APIs send it."""
    header = int(sandbox.submit(f"a~throttle-{form}").headers["retry-after"])
    assert 0 < header / unit - time.time() < 4
    sandbox.control("faults", {"status": 429, f"retry_{form.replace('-', '_')}": 9})
    header = int(sandbox.submit("b").headers["retry-after"])
    assert 7 < header / unit - time.time() < 10


@pytest.mark.parametrize(
    ("shape", "refusal"),
    [
        ("path", {"errors": [{"path": ["participants", 0]}]}),
        ("loc", {"detail": [{"loc": ["body", "participants", 0]}]}),
        ("param", {"error": {"param": "participants[0]"}}),
        ("pointer", {"errors": [{"pointer": "#/participants/0"}]}),
        ("source", {"errors": [{"source": {"pointer": "/participants/0"}}]}),
        ("brackets", {"errors": [{"field": "participants[0]"}]}),
        ("map", {"errors": {"participants.0": ["the owner is no active user of this workspace"]}}),
        ("detail", {"detail": "validation failed: the owner is no active user of this workspace"}),
        (
            "message",
            {"message": "validation failed: the owner is no active user of this workspace"},
        ),
        ("error", {"error": "validation failed: the owner is no active user of this workspace"}),
    ],
)
def test_field_errors_come_in_the_shape_of_the_marker(
    sandbox: Sandbox, shape: str, refusal: Json
) -> None:
    """Field errors have the shape that the marker names."""
    response = sandbox.submit(f"a~shape-{shape}", participants=UNKNOWN_OWNER)
    assert (response.status_code, is_the_apis_own(response)) == (422, True)
    assert _holds(response.json(), refusal)


def test_media_and_a_known_owner_can_be_refused(sandbox: Sandbox) -> None:
    """Media and a known owner can be refused, in any shape."""
    media = sandbox.submit("a~media-late+shape-loc").json()
    assert media["detail"][0]["loc"] == ["body", "media_url"]
    owner = sandbox.submit("b~owner-refused")
    assert owner.json()["errors"][0]["field"] == "participants.0"
    assert sandbox.submit("b~owner-refused", participants=[]).status_code == 201


@pytest.mark.parametrize(
    ("person", "field"),
    [
        ({"email": "n/a"}, "participants[0].email"),
        ({"email": "a@x.example; b@x.example"}, "participants[0].email"),
        ({"email": "Dana <d@x.example>"}, "participants[0].email"),
        ({"email": ""}, "participants[0].email"),
        ({"phone": "anonymous"}, "participants[0].phone"),
        ({"phone": "sip:dana@pbx.example"}, "participants[0].phone"),
        ({"phone": "4155550100"}, "participants[0].phone"),
    ],
)
def test_a_server_that_checks_participants_refuses_what_is_ill_formed(
    sandbox: Sandbox, person: Json, field: str
) -> None:
    """With ``check-people`` the sandbox refuses malformed e-mails and phones with 422."""
    assert sandbox.submit("a", participants=[person]).status_code == 201
    refused = sandbox.submit("a~check-people", participants=[person])
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert sandbox.submit("b~check-people").status_code == 201


def test_behaviours_can_be_in_force_everywhere(sandbox: Sandbox) -> None:
    """Behaviours can apply to every call, also to those with a marker."""
    sandbox.control("behaviours", {"everywhere": "check-people+shape-path"})
    ill = [{"phone": "1"}]
    for name in ("a", "b~no-insights"):
        errors = sandbox.submit(name, participants=ill).json()["errors"]
        assert errors[0]["path"] == ["participants", 0, "phone"]
    sandbox.control("behaviours")
    assert sandbox.submit("a", participants=ill).status_code == 201


def test_a_private_engagement_is_read_by_its_scope_only(sandbox: Sandbox) -> None:
    """An engagement that the workspace made private is read only with its scope."""
    scopes = sorted(SCOPES - {PRIVATE_READ})
    sandbox.control("keys", {"id": "sandbox", "scopes": scopes})
    created = sandbox.submit("a~private")
    assert (created.status_code, created.json()["is_private"]) == (201, True)
    refused = sandbox.read(created.json()["id"])
    assert (refused.status_code, PRIVATE_READ in refused.json()["detail"]) == (403, True)
    sandbox.control("keys", {"id": "sandbox", "scopes": sorted(SCOPES)})
    assert sandbox.read(created.json()["id"]).status_code == 200


def _holds(body: object, wanted: object) -> bool:
    """Return whether ``body`` contains everything in ``wanted``."""
    if isinstance(wanted, dict) and isinstance(body, dict):
        return all(key in body and _holds(body[key], value) for key, value in wanted.items())
    if wanted and isinstance(wanted, list) and isinstance(wanted[0], dict):
        return isinstance(body, list) and all(map(_holds, body, wanted))
    return body == wanted
