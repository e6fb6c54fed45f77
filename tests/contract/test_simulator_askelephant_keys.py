"""The sandbox's API keys and their scopes."""

from typing import Any

import httpx
import pytest

from bridge.simulator.askelephant import SandboxOptions
from bridge.simulator.askelephant.options import SCOPES
from tests.support.sandbox import Sandbox, a_call, running_sandbox


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "sk-apik_sandbox.wrong"},
        {"Authorization": "Bearer sk-apik_sandbox.trunk"},
        {"Authorization": "sk-apik_sändbox.trunk"},
    ],
)
def test_anything_but_the_raw_key_is_refused(sandbox: Sandbox, headers: dict[str, str]) -> None:
    """Anything except the raw key gets 401 as a problem with a request id."""
    response = sandbox.client.post(
        "/v2/engagements", json=a_call("a"), headers=httpx.Headers(headers, "utf-8")
    )
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_bearer_is_accepted_with_a_setting() -> None:
    """With a setting the key is also accepted behind ``Bearer``."""
    with running_sandbox(SandboxOptions(scale=0, accept_bearer=True)) as sandbox:
        for prefix in ("", "Bearer "):
            headers = {"Authorization": prefix + sandbox.token}
            assert sandbox.client.get("/v2/engagements", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("engagements:write", "POST", "", a_call("b")),
        ("engagements:private:read", "POST", "", a_call("b", is_private=True)),
        ("engagements:read", "GET", "", None),
        ("engagements:read", "GET", "/{id}", None),
        ("engagements:private:read", "GET", "/{id}", None),
        ("contacts:read", "GET", "/{id}?expand=contacts", None),
        ("companies:read", "GET", "/{id}?expand=signals,companies", None),
        ("users:read", "GET", "/{id}?expand=owner", None),
    ],
)
def test_a_missing_scope_is_named(
    sandbox: Sandbox, scope: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """A request without its scope gets 403, which names the scope."""
    engagement_id = sandbox.submit("a", is_private=True).json()["id"]
    sandbox.control("keys", {"id": "sandbox", "scopes": sorted(SCOPES - {scope})})
    url = f"/v2/engagements{path.format(id=engagement_id)}"
    response = sandbox.client.request(method, url, json=body, headers=sandbox.headers())
    assert response.status_code == 403
    assert scope in response.json()["detail"]


def test_a_key_can_be_revoked_restored_and_joined_by_another(sandbox: Sandbox) -> None:
    """A key can be revoked and restored, and another one added."""
    sandbox.control("keys", {"id": "sandbox", "revoked": True})
    assert sandbox.submit("a").status_code == 401
    sandbox.control("keys", {"id": "second", "secret": "s", "scopes": ["engagements:read"]})
    headers = {"Authorization": "sk-apik_second.s"}
    assert sandbox.client.get("/v2/engagements", headers=headers).status_code == 200
    sandbox.control("keys", {"id": "sandbox", "revoked": False})
    assert sandbox.submit("a").status_code == 201
    keys = [entry["key_id"] for entry in sandbox.journal()["requests"]]
    assert keys == [None, "second", "sandbox"]
