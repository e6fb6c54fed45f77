"""The API needs one of the operator's tokens, except on the open routes."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.web_process import Web, bearer, problem_in, running_web

TOKENS = ("token-one", "token two?", "tökén")
ROUTES = [
    ("GET", "/api/calls"),
    ("GET", "/api/calls?limit=0"),
    ("GET", "/api/calls/none"),
    ("GET", "/api/calls/none/insights"),
    ("POST", "/api/calls/none/replay"),
    ("POST", "/api/replay"),
    ("GET", "/api/stats"),
]


@pytest.fixture(scope="module")
def web_process(valkey_url: str) -> Iterator[Web]:
    """Run a web process with several tokens."""
    with running_web(valkey_url, api_tokens=",".join(TOKENS)) as web:
        yield web


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_configured_tokens_the_api_is_closed(
    valkey_url: str, method: str, path: str
) -> None:
    """Without configured tokens every API request gets 403, which names the variable."""
    with running_web(valkey_url, api_tokens="") as web:
        for headers in ({}, bearer("anything")):
            response = web.client.request(method, path, headers=headers)
            assert "BRIDGE_API_TOKENS" in problem_in(response, 403, "api_closed")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_every_request_gets_401(web: Web, method: str, path: str) -> None:
    """Without a token every request gets 401, so it does not show whether a call exists."""
    response = web.client.request(method, path)
    detail = problem_in(response, 401, "bad_token")
    assert detail.startswith("The request has no token. Send Authorization: Bearer")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", TOKENS[:2])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_each_token_is_good(web: Web, scheme: str, token: str) -> None:
    """Each configured token works, in a scheme of any case (RFC 9110, 11.1)."""
    response = web.client.get("/api/calls", headers={"Authorization": f"{scheme} {token}"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer token-on",
        "Bearer token-one,token two?",
        "Bearer TOKEN-ONE",
        "Bearer é",
        "Bearer \u2713" * 10,
        "Bearer " + "x" * 50_000,
    ],
    ids=lambda header: header[:20],
)
def test_a_wrong_token_gets_401(web: Web, header: str) -> None:
    """A wrong token gets 401, which says that it is wrong and does not repeat it."""
    headers = httpx.Headers({"Authorization": header}, encoding="utf-8")
    response = web.client.get("/api/stats", headers=headers)
    assert problem_in(response, 401, "bad_token").startswith("The token is wrong: ")
    assert len(response.content) < 500


@pytest.mark.parametrize("header", ["token-one", "Basic token-one", "Bearer"])
def test_a_header_without_a_bearer_token_gets_401(web: Web, header: str) -> None:
    """A header of another form gets the same 401 as a request without a token."""
    response = web.client.get("/api/stats", headers={"Authorization": header})
    assert problem_in(response, 401, "bad_token").startswith("The request has no token. ")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/api/docs"])
def test_routes_without_calls_need_no_token(web: Web, path: str) -> None:
    """Probes, metrics and the API's documentation need no token."""
    assert web.client.get(path).status_code == 200


def test_the_documentation_names_the_tokens(web: Web) -> None:
    """The OpenAPI document requires a bearer token on each API route."""
    api = web.client.get("/api/openapi.json").json()
    (scheme,) = api["components"]["securitySchemes"].items()
    assert (scheme[1]["type"], scheme[1]["scheme"]) == ("http", "bearer")
    assert "BRIDGE_API_TOKENS" in scheme[1]["description"]
    routes = [route for methods in api["paths"].values() for route in methods.values()]
    assert all(route["security"] == [{scheme[0]: []}] for route in routes)
    assert set(api["paths"]) == {
        "/api/audit",
        "/api/calls",
        "/api/calls/{call_id}",
        "/api/calls/{call_id}/insights",
        "/api/calls/{call_id}/replay",
        "/api/events/set-aside",
        "/api/events/set-aside/{dead_letter_id}/retry",
        "/api/hold",
        "/api/hold/release",
        "/api/replay",
        "/api/stats",
    }
    assert web.client.get("/api/docs", headers=bearer("wrong")).status_code == 200
