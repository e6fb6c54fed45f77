"""Request ids: in every response, on the log lines of the request, and with its event."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from bridge.api import views
from bridge.asgi.security_headers import SECURITY
from bridge.domain.call import new_call
from tests.support.web_process import ENDED, JSON, WAVV, Web, problem_in, sent

OURS = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """Give the log lines of the block."""
    with capture_logs(processors=[merge_contextvars]) as captured:
        yield captured


@pytest.mark.parametrize("request_id", ["a", "req_1.2-3", "x" * 100])
def test_a_sane_id_of_the_senders_is_kept(web: Web, request_id: str) -> None:
    """A valid request id of the sender is used."""
    response = web.wavv(ENDED, **{"X-Request-Id": request_id})
    assert response.headers.get_list("x-request-id") == [request_id]


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 101, "é", "a;b", "<script>", "a,b"])
def test_an_insane_id_is_replaced(web: Web, request_id: str) -> None:
    """An invalid request id is replaced, because it would reach log lines and the store."""
    response = web.client.post(WAVV, content=ENDED, headers=sent({"X-Request-Id": request_id}))
    assert OURS.fullmatch(response.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/api/calls", "/nowhere", WAVV])
def test_every_response_has_a_request_id(web: Web, path: str) -> None:
    """Every response has a request id, also a refusal."""
    ids = {web.client.get(path).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(OURS.fullmatch(one) for one in ids)


def test_the_id_is_on_every_log_line_of_the_request(web: Web, lines: list[Any]) -> None:
    """Every log line of a request has its id; a new event stores it for the worker's lines."""
    web.wavv(ENDED, **{"X-Request-Id": "good"})
    web.wavv(ENDED, **{"X-Request-Id": "again"})
    web.client.post(WAVV, content=ENDED, headers=JSON | {"X-Request-Id": "bad"})
    logged = [(line["event"], line["request_id"]) for line in lines if "request_id" in line]
    assert logged == [("event.duplicate", "again"), ("event.refused", "bad")]
    assert [entry.request_id for entry in web.services.inbox.take(10)] == ["good"]


def test_no_log_line_has_content_of_the_body(web: Web, lines: list[Any]) -> None:
    """No log line has names, numbers or secrets of the body."""
    web.wavv(b'{"event": "call.ended", "data": {"contactName": "Ada", "phone": "4155550100"}}')
    assert [line["reason"] for line in lines] == ["no_call_id"]
    assert not [logged for logged in ("Ada", "4155550100") if logged in str(lines)]


def test_an_error_of_our_own_is_a_problem_with_an_id(
    web: Web, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An internal error is a problem with a request id, by which its log line is found."""

    def broken(*_: object) -> None:
        raise RuntimeError("no record at all")

    monkeypatch.setattr(views, "view", broken)
    web.services.calls.update("call-1", lambda _: new_call("call-1", web.services.now()))
    response = web.get("/api/calls/call-1")
    assert "X-Request-Id" in problem_in(response, 500, "internal_error")
    assert "no record" not in response.text
    assert {name: response.headers.get(name) for name in SECURITY} == dict(SECURITY)
    (line,) = [line for line in lines if line["event"] == "response.internal_error"]
    assert line["request_id"] == response.headers["x-request-id"]
