"""Error responses of every route: ``application/problem+json``.

https://datatracker.ietf.org/doc/html/rfc9457
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from bridge.reasons import Reason

RETRY_AFTER_SECONDS = 5


MEDIA_TYPE = "application/problem+json"


class ProblemDocument(BaseModel):
    """The body of an error response. ``detail`` names the error and what to do about it.

    ``reason`` is the slug that logs and metrics use.
    """

    type: str
    title: str
    status: int
    detail: str
    reason: str


class ProblemResponse(JSONResponse):
    """A response whose body is a problem document."""

    media_type = MEDIA_TYPE


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of the error responses with these statuses, by status."""
    content = {MEDIA_TYPE: {"schema": ProblemDocument.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def problem(
    status: int, reason: Reason, detail: str, headers: Mapping[str, str] | None = None
) -> ProblemResponse:
    """Create an error response. ``detail`` names the error and what to do about it.

    ``reason`` is the slug that logs and metrics use. A 503 gets a ``Retry-After`` header.
    """
    all_headers = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        all_headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return ProblemResponse(body | {"reason": reason}, status_code=status, headers=all_headers)


def internal_error() -> ProblemResponse:
    """Create the response for an unexpected exception: a problem document with status 500."""
    detail = "The bridge failed. Search its log for the X-Request-Id of this response."
    return problem(500, Reason.INTERNAL_ERROR, detail)
