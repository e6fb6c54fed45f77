"""Mistyped parameters of the API: 422 that names the nearest known one."""

import httpx
import pytest

from tests.support.web_process import TOKEN, Web, bearer, problem_in

PARAMETERS = "cursor, extra_recordings, limit, q, reason, since, state, until"


def request(web: Web, method: str, path: str) -> httpx.Response:
    """Send a request with a valid token."""
    return web.client.request(method, path, headers=bearer(TOKEN))


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("stat=failed", "`stat` is no query parameter. Did you mean `state`? "),
        ("state=failed&page=2", "`page` is no query parameter. "),
        ("State=failed", "`State` is no query parameter. Did you mean `state`? "),
        ("%2B12025550123", "A name that was sent is no query parameter. "),
    ],
)
def test_an_unknown_parameter_is_named_with_the_nearest_and_all(
    web: Web, query: str, detail: str
) -> None:
    """A text that cannot be a name is not repeated: it may be a phone number."""
    response = request(web, "GET", f"/api/calls?{query}")
    problem_in(response, 422, "unknown_parameter")
    assert response.json()["detail"] == f"{detail}The parameters are: {PARAMETERS}."


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("GET", "/api/stats?since=1", "The route has none."),
        ("GET", "/api/calls/none?q=1", "The route has none."),
        ("GET", "/api/calls/none/insights?q=1", "The route has none."),
        ("POST", "/api/calls/none/replay?pace=1", "The route has none."),
        ("POST", "/api/replay?state=failed", "The route has none."),
        ("GET", "/api/hold?scope=all", "The route has none."),
        ("POST", "/api/hold/release?step=submit", "The parameters are: scope."),
        ("GET", "/api/events/set-aside?limits=1", "Did you mean `limit`?"),
        ("POST", "/api/events/set-aside/1-1/retry?now=1", "The route has none."),
    ],
)
def test_every_route_refuses_unknown_parameters(
    web: Web, method: str, path: str, detail: str
) -> None:
    """Every route rejects parameters that it does not have."""
    response = request(web, method, path)
    problem_in(response, 422, "unknown_parameter")
    assert detail in response.json()["detail"]


def test_without_a_token_a_request_gets_401_whatever_its_parameters(web: Web) -> None:
    """The token is checked first."""
    problem_in(web.client.get("/api/calls?stat=failed"), 401, "bad_token")


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("/api/calls?state=faild", "Did you mean `failed`?"),
        ("/api/calls?state=Complete", "Did you mean `complete`?"),
        ("/api/calls?state=zzz", "'skipped'"),
        ("/api/hold/release?scope=insight", "Did you mean `insights`?"),
    ],
)
def test_an_unknown_choice_is_refused_with_the_nearest(web: Web, path: str, end: str) -> None:
    """The detail lists all choices, and names the nearest at its end."""
    response = request(web, "POST" if "release" in path else "GET", path)
    problem_in(response, 422, "bad_parameter")
    assert end in response.json()["detail"]


def test_an_unknown_choice_in_a_body_is_refused_with_the_nearest(web: Web) -> None:
    """A replay's body has the same error texts as a query."""
    response = web.client.post("/api/replay", headers=bearer(TOKEN), json={"state": "fail"})
    problem_in(response, 422, "bad_parameter")
    assert response.json()["detail"].endswith("Did you mean `failed`?")
