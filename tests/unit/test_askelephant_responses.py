"""Tests for the meaning of each response of AskElephant."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.askelephant.models import Engagement
from bridge.askelephant.responses import engagement_or_failure
from bridge.domain.retry import Failure, Trouble
from tests.support.askelephant_responses import NOW, failure, refused

JSON = {"Content-Type": "application/json; charset=utf-8"}


BODY = b'{"id": "ngmt_1", "title": "Sales call", "processing_status": "PENDING"}'


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.api+json;v=2"])
def test_a_success_is_an_engagement(status: int, content_type: str, *, created: bool) -> None:
    """201 means a new engagement, 200 an existing one that is returned unchanged."""
    headers = {"content-type": content_type, "X-Request-Id": "req_7"}
    engagement = engagement_or_failure(status, headers, BODY, NOW)
    assert isinstance(engagement, Engagement)
    assert (engagement.id, engagement.created) == ("ngmt_1", created)
    assert engagement.request_id == "req_7"


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, b""),
        (JSON, b"not json"),
        (JSON, b"[]"),
        (JSON, b'{"title": "no id"}'),
        (JSON, b'{"id": "eng_1"}'),
        (JSON, b'{"id": "ngmt_../users"}'),
        (JSON, b'{"id": 5}'),
        (JSON, b'{"id": "ngmt_1"'),
        (JSON, b"\xff\xfe\x00"),
        (JSON, b"[" * 100_000),
        ({"content-type": "text/html"}, BODY),
        ({}, BODY),
    ],
)
def test_a_success_that_holds_no_engagement_is_transient(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    """A 2xx body without an engagement, such as a proxy's page, is retried."""
    outcome = failure(status, body, headers)
    assert outcome.trouble is Trouble.TRANSIENT
    assert outcome.problem.reason == "askelephant_answer_unreadable"
    assert outcome.problem.detail is None


PROBLEM = b'{"type": "about:blank", "title": "No", "status": 400, "request_id": "req_1"}'


PAGES = (b"", b"<html>Sorry</html>", b"null", b"[]", b'"no"')


@pytest.mark.parametrize(
    ("status", "trouble", "reason"),
    [
        (400, Trouble.REJECTED, "rejected"),
        (401, Trouble.CREDENTIALS, "credentials_refused"),
        (402, Trouble.CREDENTIALS, "payment_required"),
        (403, Trouble.FORBIDDEN, "scope_missing"),
        (404, Trouble.MISSING, "engagement_missing"),
        (405, Trouble.REJECTED, "rejected"),
        (410, Trouble.REJECTED, "rejected"),
        (413, Trouble.REJECTED, "rejected"),
        (415, Trouble.REJECTED, "rejected"),
        (422, Trouble.REJECTED, "rejected"),
        (451, Trouble.REJECTED, "rejected"),
    ],
)
def test_a_refusal_is_a_refusal_only_by_json(status: int, trouble: Trouble, reason: str) -> None:
    """A 4xx response without JSON is a gateway's page and is retried."""
    own = failure(status, PROBLEM)
    assert (own.trouble, own.problem.reason, own.problem.status) == (trouble, reason, status)
    for page in PAGES:
        other = failure(status, page)
        assert (other.trouble, other.problem.reason) == (Trouble.TRANSIENT, "gateway_error")
        assert other.problem.status == status


@pytest.mark.parametrize("status", [403, 404, 405, 410, 413, 431, 451, 460])
@pytest.mark.parametrize(
    "members",
    [
        {"message": "Forbidden"},
        {"message": "no Route matched with those values"},
        {"error": "Not Found"},
        {"detail": "Not Found"},
        {},
    ],
)
def test_a_gateways_json_is_not_askelephants(status: int, members: dict[str, Any]) -> None:
    """Gateways' JSON errors, which are no problem of AskElephant's form, are retried."""
    assert refused(status, **members).problem.reason == "gateway_error"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Type": "application/problem+json; charset=utf-8"}),
        (b'{"title": "Forbidden", "detail": "no"}', {}),
        (b'{"request_id": "req_1"}', {}),
        (b'{"detail": "Missing scope engagements:private:read"}', {}),
    ],
)
def test_askelephants_403_is_known_by_its_form(body: bytes, headers: dict[str, str]) -> None:
    """Content type, two problem members, a request id or a scope name mark AskElephant's 403."""
    assert failure(403, body, headers).trouble is Trouble.FORBIDDEN


@pytest.mark.parametrize(
    ("status", "trouble", "reason"),
    [
        (202, Trouble.TRANSIENT, "askelephant_answer_unreadable"),
        (204, Trouble.TRANSIENT, "askelephant_answer_unreadable"),
        (301, Trouble.TRANSIENT, "askelephant_redirected"),
        (302, Trouble.TRANSIENT, "askelephant_redirected"),
        (308, Trouble.TRANSIENT, "askelephant_redirected"),
        (408, Trouble.TRANSIENT, "askelephant_timeout"),
        (409, Trouble.TRANSIENT, "askelephant_conflict"),
        (425, Trouble.TRANSIENT, "askelephant_error"),
        (429, Trouble.THROTTLED, "throttled"),
        (500, Trouble.TRANSIENT, "askelephant_error"),
        (501, Trouble.TRANSIENT, "askelephant_error"),
        (502, Trouble.TRANSIENT, "askelephant_error"),
        (503, Trouble.TRANSIENT, "askelephant_error"),
        (504, Trouble.TRANSIENT, "askelephant_error"),
        (529, Trouble.TRANSIENT, "askelephant_error"),
    ],
)
@pytest.mark.parametrize("body", [*PAGES, PROBLEM, b'{"detail": []}', BODY])
def test_other_statuses_mean_the_same_with_any_body(
    status: int, trouble: Trouble, reason: str, body: bytes
) -> None:
    """Any other status has its meaning with any body."""
    outcome = failure(status, body)
    assert (outcome.trouble, outcome.problem.reason) == (trouble, reason)
    assert outcome.problem.status == status


def test_a_problem_is_kept_whole() -> None:
    """Detail, request id and field errors of a problem are kept."""
    errors = [
        {"field": "media_url", "code": "scheme", "message": "must be https"},
        {"field": "title", "code": "too_long", "message": "at most 500"},
    ]
    outcome = refused(422, title="Invalid", detail="2 fields", request_id="req_1", errors=errors)
    assert outcome.problem.detail == "2 fields"
    assert outcome.problem.request_id == "req_1"
    assert list(outcome.problem.errors) == errors


def test_a_missing_scope_is_named() -> None:
    """The detail of a 403, which names the missing scope, is kept."""
    outcome = refused(403, title="Forbidden", detail="Missing scope engagements:write")
    assert outcome.problem.detail == "Missing scope engagements:write"


def test_the_title_stands_in_for_the_detail() -> None:
    """The title is kept as the detail when the problem has no detail."""
    assert refused(400, title="Bad Request").problem.detail == "Bad Request"


@pytest.mark.parametrize("name", ["x-request-id", "X-Request-ID", "Request-Id"])
def test_the_request_id_may_come_in_a_header(name: str) -> None:
    """The request id is read from a response header and cut at 500 characters."""
    assert failure(502, b"<html>", {name: "r" * 1000}).problem.request_id == "r" * 500


@pytest.mark.parametrize(
    ("value", "wait"),
    [("30", 30), ("Wed, 13 May 2026 14:02:00 GMT", 120), ("later", None), (None, None)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_in_all_its_forms(
    status: int, value: str | None, wait: int | None
) -> None:
    """Seconds and dates in ``Retry-After`` give a wait; another text gives none."""
    outcome = failure(status, headers={"Retry-After": value} if value else {})
    assert outcome.retry_after == (None if wait is None else timedelta(seconds=wait))


HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "Retry-After", "X-Request-Id", "Other"]),
    st.text() | st.just("application/json"),
)


@given(st.integers(100, 999), HEADERS, st.binary() | st.text().map(json.dumps).map(str.encode))
def test_no_response_raises(status: int, headers: dict[str, str], body: bytes) -> None:
    """Any status, headers and body give an engagement or a failure."""
    outcome = engagement_or_failure(status, headers, body, NOW)
    assert isinstance(outcome, Engagement | Failure)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


PROBLEM_KEYS = st.sampled_from(["title", "status", "detail", "request_id", "errors", "field"])


@given(st.integers(300, 599), ANY_JSON | st.dictionaries(PROBLEM_KEYS, ANY_JSON))
def test_no_problem_body_raises(status: int, body: object) -> None:
    """A problem body of any JSON gives a failure with the response's status."""
    assert failure(status, json.dumps(body).encode()).problem.status == status
