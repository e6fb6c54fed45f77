"""The scopes of the API's tokens: a token that may only read cannot change anything."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.web_process import Web, bearer, problem_in, running_web

READ, OPERATE, BARE = "read-" * 8, "operate-" * 8, "bare-" * 8


@pytest.fixture(scope="module")
def web_process(valkey_url: str) -> Iterator[Web]:
    """Run a web process with a token of each scope, and a secret without a name."""
    tokens = f"grafana/read:{READ},ops/operate:{OPERATE},{BARE}"
    with running_web(valkey_url, api_tokens=tokens) as web:
        yield web


def requests(web: Web) -> list[tuple[str, str]]:
    """Return method and path of every operation of the API."""
    paths = web.client.get("/api/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def send(web: Web, method: str, path: str, secret: str) -> httpx.Response:
    """Send a request with a token; names of parameters stay in the path as ids that no one has."""
    return web.client.request(method, path, headers=bearer(secret), json={})


def test_a_token_that_may_read_gets_403_for_every_change(web: Web) -> None:
    """Every method but GET needs ``operate``; the response names the token and what to send."""
    changes = [request for request in requests(web) if request[0] != "GET"]
    assert len(changes) >= 4
    for method, path in changes:
        detail = problem_in(send(web, method, path, READ), 403, "token_read_only")
        assert detail.startswith("The token grafana may only read. ")
        assert "operate" in detail


def test_a_token_that_may_read_gets_every_page(web: Web) -> None:
    """A token with ``read`` is accepted by every GET route."""
    for method, path in requests(web):
        if method == "GET":
            assert send(web, method, path, READ).status_code in {200, 404}


@pytest.mark.parametrize("secret", [OPERATE, BARE])
def test_a_token_that_may_operate_is_accepted_everywhere(web: Web, secret: str) -> None:
    """A named token with ``operate``, and a secret without a name, may send every request."""
    for method, path in requests(web):
        assert send(web, method, path, secret).status_code in {200, 202, 404, 422}


@pytest.mark.parametrize("wrong", [f"ops/operate:{OPERATE}", "ops", "grafana/read", ":", "ops/"])
def test_name_and_scope_are_no_part_of_the_token(web: Web, wrong: str) -> None:
    """The whole entry is no token: only its secret is."""
    response = web.client.get("/api/stats", headers=bearer(wrong))
    assert "without the entry's name and scope" in problem_in(response, 401, "bad_token")
