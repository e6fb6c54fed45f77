"""AskElephant's errors: ``application/problem+json`` with a ``request_id`` and field errors."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TypedDict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

PROBLEM_JSON = "application/problem+json"


class FieldError(TypedDict):
    """One thing wrong with a body. ``field`` is a dotted path, such as ``participants.0``."""

    field: str
    code: str
    message: str


class ApiProblem(Exception):  # noqa: N818 - "problem" is the RFC's own word
    """Raised where a request cannot go on; it becomes the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def problem_response(problem: ApiProblem, request_id: str) -> JSONResponse:
    """Return the answer a problem becomes. Source: the vendor's error page."""
    title = HTTPStatus(problem.status).phrase
    body: dict[str, object] = {
        "type": f"https://docs.askelephant.ai/errors/{title.lower().replace(' ', '-')}",
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    return JSONResponse(body, problem.status, problem.headers, media_type=PROBLEM_JSON)


async def answer_problem(request: Request, error: Exception) -> JSONResponse:
    """Answer with the problem that a route raised (Starlette's exception handler)."""
    if not isinstance(error, ApiProblem):
        raise error
    return problem_response(error, request_id_of(request))


async def answer_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a path (404) or a method (405) that the API does not have."""
    if not isinstance(error, HTTPException):
        raise error
    problem = ApiProblem(error.status_code, error.detail, headers=error.headers)
    return problem_response(problem, request_id_of(request))


def request_id_of(request: Request) -> str:
    """Return the id given to this request when it was received."""
    return str(request.state.request_id)
