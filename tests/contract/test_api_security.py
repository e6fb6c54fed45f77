"""Security headers of every response, the limit on guessed tokens, and no foreign content."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest

from bridge.api.token_throttle import MOST
from bridge.asgi.security_headers import SECURITY
from tests.support.web_process import ENDED, TOKEN, WAVV, Web, bearer, problem_in, running_web

ANSWERS = [
    ("GET", "/livez", 200), ("GET", "/readyz", 200), ("GET", "/metrics", 200),
    ("GET", "/api/calls", 200), ("GET", "/api/stats", 200), ("GET", "/api/calls/none", 404),
    ("GET", "/api/calls?limit=0x", 422), ("GET", "/api/openapi.json", 200),
    ("GET", "/nowhere", 404), ("PUT", "/webhooks/wavv", 405), ("POST", "/webhooks/wavv", 415),
    ("POST", "/webhooks/askelephant", 415),
]  # fmt: skip
DOCS = "/api/docs"


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_response_has_all_headers(web: Web, method: str, path: str, status: int) -> None:
    """Every response has all security headers, whatever its status."""
    response = web.client.request(method, path, headers=bearer(TOKEN))
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in SECURITY} == dict(SECURITY)
    assert len(response.headers.get_list("content-security-policy")) == 1


def test_the_response_to_a_stored_event_has_them(web: Web) -> None:
    """The response to a stored event has the headers, and an empty body."""
    response = web.wavv(ENDED)
    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_documentation_loads_nothing_from_another_host(web: Web) -> None:
    """All parts of the documentation come from this host, and its policy allows no other."""
    page = web.client.get(DOCS)
    services = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(services) == 3
    for part in services:
        assert "//" not in part
        response = web.client.get(urljoin(DOCS, part))
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] in {"text/css", "text/javascript"}
    assert "SwaggerUIBundle" in web.client.get(f"{DOCS}/swagger-ui-bundle.js").text
    start = web.client.get(f"{DOCS}/start.js").text
    found = re.search(r'url: "([^"]+)"', start)
    assert found
    assert web.client.get(urljoin(DOCS, found[1])).json()["info"]["title"]


def test_the_documentation_runs_no_script_that_is_written_into_it(web: Web) -> None:
    """The documentation runs only scripts from files of this host, and cannot be framed."""
    page = web.client.get(DOCS)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert re.findall(r"<script[^>]*>([^<]*)", page.text) == ["", ""]


@pytest.fixture
def fresh(valkey_url: str) -> Iterator[Web]:
    """Run a web process that has seen no wrong token."""
    with running_web(valkey_url) as web:
        yield web


def test_wrong_tokens_get_429_and_a_long_right_one_never(fresh: Web) -> None:
    """Wrong tokens get 429 after a while, but a long right token is always accepted.

    All senders behind a proxy share its address, so others must not lock the operator out.
    """
    for _ in range(MOST):
        problem_in(fresh.client.get("/api/stats", headers=bearer("wrong")), 401, "bad_token")
    for path in ("/api/stats", "/api/calls", "/api/calls/none"):
        for wrong in ("wrong", "wrong" * 10):
            refused = fresh.client.get(path, headers=bearer(wrong))
            problem_in(refused, 429, "too_many_failures")
            assert 0 < int(refused.headers["retry-after"]) <= 60
        assert fresh.client.get(path, headers=bearer(TOKEN)).status_code in {200, 404}


def test_requests_without_a_token_are_not_counted_as_guesses(fresh: Web) -> None:
    """A request without a token guesses nothing, so it always gets 401 and never 429."""
    for _ in range(MOST + 1):
        problem_in(fresh.client.get("/api/stats"), 401, "bad_token")
    wrong = fresh.client.get("/api/stats", headers=bearer("wrong"))
    problem_in(wrong, 401, "bad_token")


def test_a_short_token_is_not_checked_while_tokens_are_guessed(
    valkey_url: str,
) -> None:
    """While tokens are guessed, a token that is short enough to guess is not checked."""
    short = "letmein"
    with running_web(valkey_url, api_tokens=f"{short},{TOKEN}") as web:
        assert web.client.get("/api/stats", headers=bearer(short)).status_code == 200
        for number in range(MOST):
            web.client.get("/api/stats", headers=bearer(f"guess-{number}"))
        refused = web.client.get("/api/stats", headers=bearer(short))
        problem_in(refused, 429, "too_many_failures")
        assert web.get("/api/stats").status_code == 200


def test_guessing_does_not_stop_the_webhooks(fresh: Web) -> None:
    """The limit on wrong tokens does not affect the webhooks."""
    for _ in range(MOST + 1):
        guessed = fresh.client.get("/api/stats", headers=bearer("wrong"))
    assert guessed.status_code == 429
    assert fresh.wavv(ENDED).status_code == 202
    assert fresh.client.post(WAVV, content=ENDED).status_code == 415
