"""Error answers: ``application/problem+json`` (RFC 9457), the same for every route."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

RETRY_AFTER_SECONDS = 5


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = "application/problem+json"


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
