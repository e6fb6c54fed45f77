"""Error answers: ``application/problem+json`` (RFC 9457), the same for every route."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

RETRY_AFTER_SECONDS = 5


MEDIA_TYPE = "application/problem+json"


class ProblemDocument(BaseModel):
    """What is wrong and what to do; ``reason`` is the slug that logs and metrics use."""

    type: str
    title: str
    status: int
    detail: str
    reason: str


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these answers as OpenAPI describes them."""
    content = {MEDIA_TYPE: {"schema": ProblemDocument.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def problem(
    status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
) -> ProblemResponse:
    """Return the answer that says what is wrong and what to do.

    ``reason`` is the slug that logs and metrics use. A 503 tells the sender when to come again.
    """
    told = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        told.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return ProblemResponse(body | {"reason": reason}, status_code=status, headers=told)


def internal_error() -> ProblemResponse:
    """Return the answer to whoever met an error of ours."""
    told = "The bridge failed. Its log tells more, under this answer's X-Request-Id."
    return problem(500, "internal_error", told)
