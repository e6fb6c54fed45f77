"""AskElephant's responses: each is read as an engagement or a failure of bounded size."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from hypothesis import strategies as st

from bridge.askelephant.models import Engagement, is_engagement_id
from bridge.askelephant.refusal import LONGEST_TEXT, MOST_ERRORS
from bridge.askelephant.responses import engagement_or_failure
from tests.fuzz.mutation import SEEDS, mutated, mutated_text
from tests.fuzz.target import Target

NOW = datetime(2026, 5, 13, 9, 30, tzinfo=UTC)
ENGAGEMENT = {
    "object": "engagement", "id": "ngmt_01JAB", "title": "Call with Ada", "engagement_type": "CALL",
    "processing_status": "COMPLETED", "is_private": False, "external_url": "wavv://call/call-1",
    "start_at": "2026-05-13T09:30:00.000Z", "created_at": "2026-05-13T09:40:00.000Z",
    "owner_user_id": "usr_1", "owner": {"id": "usr_1"}, "transcript": "Ada: Hello.", "tags": [],
    "media_url": "https://media.askelephant.example/1?X-Signature=0",
    "action_items": [{"id": "act_1", "title": "Send the offer", "due_date": None}],
    "signals": [{"id": "sig_1", "values": [{"value": True}]}], "contacts": [], "companies": [],
}  # fmt: skip
PROBLEM = {
    "type": "about:blank", "title": "Unprocessable", "status": 422, "detail": "No such owner",
    "request_id": "req_1", "errors": [{"field": "owner.email", "code": "unknown", "message": "no"}],
}  # fmt: skip
BODIES = tuple(json.dumps(body).encode() for body in (ENGAGEMENT, PROBLEM, {"data": [ENGAGEMENT]}))
STATUSES = (200, 200, 201, 202, 204, 302, 400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 503)
HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Retry-After": "120",
    "X-Request-Id": "req_2",
}
DATES = ("Wed, 13 May 2026 09:31:00 GMT", "-1", "1e9", "99999999999999999999", "0.5", "", "٣")


@dataclass(frozen=True)
class Response:
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


def response(rng: Random) -> Response:
    """Return a response with something wrong with it."""
    headers = dict(HEADERS)
    if rng.random() < 0.5:
        name = rng.choice(sorted(headers))
        headers[name] = mutated_text(headers[name], rng)
    if rng.random() < 0.3:
        headers["Retry-After"] = rng.choice(DATES)
    return Response(rng.choice(STATUSES), headers, mutated(rng.choice(BODIES), rng))


def check(response: Response) -> None:
    """Raise unless ids are valid and the stored texts of a failure are bounded."""
    outcome = engagement_or_failure(response.status, response.headers, response.body, NOW)
    if isinstance(outcome, Engagement):
        assert is_engagement_id(outcome.id)
        json.dumps(outcome.insights)
        outcome.model_dump_json()
        return
    problem = outcome.problem
    assert problem.reason
    problem.model_dump_json()
    for text in (problem.detail, problem.request_id):
        assert len(text or "") <= LONGEST_TEXT
    assert len(problem.errors) <= MOST_ERRORS


NOISE = st.builds(
    Response,
    status=st.integers(100, 999),
    headers=st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(max_size=30)),
    body=st.binary(max_size=100),
)
NEAR = SEEDS.map(lambda seed: response(Random(seed)))  # noqa: S311 - no secrets
TARGET = Target(
    "AskElephant's responses",
    (NEAR, NOISE, NEAR),
    check,
)
