"""Every answer of AskElephant has one meaning."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.askelephant.answers import engagement_or_failure
from bridge.askelephant.models import Engagement
from bridge.domain.retry import Failure, Trouble

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
JSON = {"Content-Type": "application/json; charset=utf-8"}
BODY = b'{"id": "ngmt_1", "title": "Sales call", "processing_status": "PENDING"}'


def failure(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Failure:
    """Return what an answer means that must be a failure."""
    outcome = engagement_or_failure(status, headers or {}, body, NOW)
    assert isinstance(outcome, Failure)
    return outcome


def refused(status: int, **members: Any) -> Failure:  # noqa: ANN401 - any JSON
    """Return what a refusal with this problem body means."""
    return failure(status, json.dumps(members).encode())


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.api+json;v=2"])
def test_a_success_is_an_engagement(status: int, content_type: str, *, created: bool) -> None:
    """201 = made now, 200 = it existed already and came back unchanged."""
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
    """A proxy's login page says nothing about the call: ask again."""
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
    """A page of a firewall, proxy or balancer is no response of AskElephant's: it passes."""
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
    """Kong, AWS and others refuse in JSON, too, but not in a problem of AskElephant's form."""
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
    """By its content type, by two members of a problem, by its request id, or by a scope's name."""
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
def test_other_statuses_mean_the_same_whoever_sends_them(
    status: int, trouble: Trouble, reason: str, body: bytes
) -> None:
    """The meaning rests on the status; a body that cannot be read takes nothing away."""
    outcome = failure(status, body)
    assert (outcome.trouble, outcome.problem.reason) == (trouble, reason)
    assert outcome.problem.status == status


def test_a_problem_is_kept_whole() -> None:
    """Support asks for the request id, the operator for every field."""
    errors = [
        {"field": "media_url", "code": "scheme", "message": "must be https"},
        {"field": "title", "code": "too_long", "message": "at most 500"},
    ]
    told = refused(422, title="Invalid", detail="2 fields", request_id="req_1", errors=errors)
    assert told.problem.detail == "2 fields"
    assert told.problem.request_id == "req_1"
    assert list(told.problem.errors) == errors


def test_a_missing_scope_is_named() -> None:
    """403: the detail says which scope the key lacks."""
    told = refused(403, title="Forbidden", detail="Missing scope engagements:write")
    assert told.problem.detail == "Missing scope engagements:write"


def test_the_title_stands_in_for_the_detail() -> None:
    """Better a short word than none."""
    assert refused(400, title="Bad Request").problem.detail == "Bad Request"


@pytest.mark.parametrize("name", ["x-request-id", "X-Request-ID", "Request-Id"])
def test_the_request_id_may_come_in_a_header(name: str) -> None:
    """A gateway's answer has no problem body, but often a header; it is bounded too."""
    assert failure(502, b"<html>", {name: "r" * 1000}).problem.request_id == "r" * 500


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "members",
    [
        {"errors": [{"field": "participants[0]", "code": "owner_not_found", "message": "?"}]},
        {"errors": [{"field": "participants", "message": "The owner is not an active user"}]},
        {"errors": [{"field": ["participants", 0, "is_owner"], "code": "invalid"}]},
        {"errors": [{"field": "title"}, {"field": "owner", "code": "unknown"}]},
        {"detail": "Owner could not be resolved"},
        {"errors": [{"path": ["participants", 0, "is_owner"], "message": "invalid"}]},
        {"errors": [{"source": {"pointer": "/data/attributes/participants/0/is_owner"}}]},
        {"detail": [{"loc": ["body", "participants", 0], "msg": "must be a workspace user"}]},
        {"errors": {"participants.0.email": ["is not an active user"]}},
        {"errors": {"participants": {"0": {"is_owner": ["is invalid"]}}}},
        {"message": "The owner is not an active workspace user"},
        {"message": ["owner must be a user"], "error": "Bad Request", "statusCode": 400},
        {"error": {"message": "Unknown owner", "type": "invalid_request"}},
        {"error": {"message": "invalid", "param": "owner_id"}},
        {"error": "owner_not_found"},
    ],
)
def test_an_unresolvable_owner_is_told_apart(status: int, members: dict[str, Any]) -> None:
    """The call can still be saved without its owner; its documentation does not say the words."""
    told = refused(status, **members)
    assert (told.trouble, told.problem.reason) == (Trouble.OWNER, "owner_unresolvable")


@pytest.mark.parametrize(
    ("status", "members"),
    [
        (422, {"errors": [{"field": "participants.1.email", "message": "not an e-mail"}]}),
        (422, {"errors": [{"field": "title"}], "detail": "The owner is fine"}),
        (410, {"errors": [{"field": "owner", "code": "owner"}]}),
    ],
)
def test_the_owner_is_not_blamed_for_other_fields(status: int, members: dict[str, Any]) -> None:
    """Where the owner is not at fault, dropping it would only cost the call its agent."""
    assert refused(status, **members).trouble is Trouble.REJECTED


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "members",
    [
        {"errors": [{"field": "media_url", "code": "unreachable", "message": "answered 403"}]},
        {"errors": [{"field": "body.mediaUrl"}, {"field": ["media", "type"]}]},
        {"errors": [{"field": "media_url", "message": "the owner of the bucket refuses"}]},
        {"errors": [{"field": "recording", "message": "is empty"}]},
        {"errors": [{"code": "invalid_media_url"}]},
        {"errors": [{"message": "The recording could not be downloaded"}]},
        {"errors": "audio could not be read"},
        {"detail": "Failed to fetch media_url: 404"},
        {"detail": "no audio/* or video/* at this address"},
        {"errors": [{"path": "media_url", "message": "unreachable"}]},
        {"errors": [{"loc": ["body", "media_url"], "msg": "unreachable", "type": "value_error"}]},
        {"errors": [{"param": "media_url", "msg": "unreachable"}]},
        {"errors": [{"pointer": "/media_url"}]},
        {"errors": [{"pointer": "#/media_url"}]},
        {"errors": [{"source": {"pointer": "/data/attributes/media_url"}, "detail": "gone"}]},
        {"errors": {"media_url": ["could not be fetched"]}},
        {"errors": {"MediaUrl": "could not be fetched"}},
        {"media_url": ["could not be fetched"]},
        {"detail": [{"loc": ["body", "media_url"], "msg": "unreachable", "type": "value_error"}]},
        {"issues": [{"path": ["media_url"], "message": "unreachable", "code": "custom"}]},
        {"error": {"fieldErrors": {"media_url": ["unreachable"]}, "formErrors": []}},
        {"message": "media could not be downloaded"},
        {"error": "media_unreachable"},
        {"error": {"code": "invalid", "message": "could not fetch the recording"}},
        {"error": {"message": "unreachable", "param": "media_url"}},
        {"message": ["media_url must be reachable"], "statusCode": 422},
    ],
)
def test_a_recording_that_is_not_ready_is_told_apart(status: int, members: dict[str, Any]) -> None:
    """It may be late, or its link have expired: the request itself is as it should be."""
    told = refused(status, **members)
    assert (told.trouble, told.problem.reason) == (Trouble.MEDIA, "recording_not_ready")


@pytest.mark.parametrize(
    ("status", "members"),
    [
        (422, {}),
        (422, {"title": "Unsupported media", "errors": [{"field": "title"}]}),
        (422, {"errors": [{"field": "media_url"}, {"field": "title"}]}),
        (422, {"errors": [{"field": "external_url", "message": "is no link to a recording"}]}),
        (422, {"errors": [{"field": "media_url"}, {"message": "too long"}]}),
        (422, {"detail": "must be sent immediately to an intermediate host"}),
        (422, {"detail": "the record is invalid"}),
        (410, {"errors": [{"field": "media_url"}]}),
        (415, {"title": "Unsupported", "detail": "Unsupported media type"}),
    ],
)
def test_the_recording_is_not_blamed_for_what_else_is_wrong(
    status: int, members: dict[str, Any]
) -> None:
    """Waiting mends no title: such a call fails at once, and is seen."""
    assert refused(status, **members).trouble is Trouble.REJECTED


def test_an_owner_is_dropped_before_a_recording_is_awaited() -> None:
    """One thing after the other: the next answer speaks of the recording alone."""
    told = refused(422, errors=[{"field": "media_url"}, {"field": "owner"}])
    assert told.trouble is Trouble.OWNER


@pytest.mark.parametrize(
    ("members", "blamed"),
    [
        ({"errors": [{"field": "participants[1].email"}]}, ("participants[1].email",)),
        ({"errors": [{"field": "participants.1.email"}]}, ("participants[1].email",)),
        ({"errors": [{"path": ["participants", 1, "email"]}]}, ("participants[1].email",)),
        ({"errors": [{"pointer": "/participants/1/eMail"}]}, ("participants[1].e_mail",)),
        (
            {"errors": [{"source": {"pointer": "/data/attributes/participants/1/phone"}}]},
            ("participants[1].phone",),
        ),
        ({"detail": [{"loc": ["body", "participants", 1, "email"]}]}, ("participants[1].email",)),
        ({"errors": {"participants[1].email": ["bad"]}}, ("participants[1].email",)),
        ({"errors": {"participants": [{}, {"email": ["bad"]}]}}, ("participants[1].email",)),
        ({"detail": "participants[1].email is not an address"}, ("participants[1].email",)),
        ({"message": "participants.1.phone is bad"}, ("participants[1].phone",)),
        ({"errors": [{"field": "title"}, {"field": "title"}]}, ("title",)),
        ({"detail": "invalid"}, ()),
    ],
)
def test_the_blamed_fields_are_named_as_the_request_names_them(
    members: dict[str, Any], blamed: tuple[str, ...]
) -> None:
    """What is sent again without a field must know which: any shape leads to the same path."""
    assert refused(422, **members).blamed_fields == blamed


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"message": "Title too long"}, "Title too long"),
        ({"error": "nope"}, "nope"),
        ({"error": {"message": "Too long", "code": "x"}}, "Too long"),
        ({"message": ["one", "two"]}, "one; two"),
        ({"errors": {"title": ["too long"]}}, None),
    ],
)
def test_the_text_of_a_refusal_is_kept(members: dict[str, Any], words: str | None) -> None:
    """The operator reads what AskElephant wrote, under whatever key it came."""
    assert refused(422, **members).problem.detail == words


@pytest.mark.parametrize(
    ("value", "wait"),
    [("30", 30), ("Wed, 13 May 2026 14:02:00 GMT", 120), ("soon", None), (None, None)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_in_all_its_forms(
    status: int, value: str | None, wait: int | None
) -> None:
    """Their word wins over our backoff, when it can be read."""
    told = failure(status, headers={"Retry-After": value} if value else {})
    assert told.retry_after == (None if wait is None else timedelta(seconds=wait))


HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "Retry-After", "X-Request-Id", "Other"]),
    st.text() | st.just("application/json"),
)


@given(st.integers(100, 999), HEADERS, st.binary() | st.text().map(json.dumps).map(str.encode))
def test_no_answer_raises(status: int, headers: dict[str, str], body: bytes) -> None:
    """An answer is either an engagement or a failure, whatever it holds."""
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
    """Problem bodies of any JSON leave the status its meaning."""
    assert failure(status, json.dumps(body).encode()).problem.status == status
