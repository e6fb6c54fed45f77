"""AskElephant's errors: ``application/problem+json`` with a ``request_id`` and field errors."""

from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from bridge.simulator.askelephant.gateway import status_phrase
from bridge.simulator.askelephant.shapes import FIELD, FieldError, Shape

PROBLEM_JSON = "application/problem+json"


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


def problem_response(problem: ApiProblem, request_id: str, shape: Shape = FIELD) -> JSONResponse:
    """Return the response a problem becomes; ``shape`` writes its field errors.

    Source: the vendor's error page.
    """
    title = status_phrase(problem.status)
    body: dict[str, object] = {
        "type": f"https://docs.askelephant.ai/errors/{title.lower().replace(' ', '-')}",
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.errors:
        del body["detail"]
        body |= shape(problem.detail, problem.errors)
    return JSONResponse(body, problem.status, problem.headers, media_type=PROBLEM_JSON)


async def answer_problem(request: Request, error: Exception) -> JSONResponse:
    """Respond with the problem that a route raised (Starlette's exception handler)."""
    if not isinstance(error, ApiProblem):
        raise error
    shape = getattr(request.state, "shape", FIELD)
    return problem_response(error, request_id_of(request), shape)


async def answer_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a path (404) or a method (405) that the API does not have."""
    if not isinstance(error, HTTPException):
        raise error
    problem = ApiProblem(error.status_code, error.detail, headers=error.headers)
    return problem_response(problem, request_id_of(request))


def request_id_of(request: Request) -> str:
    """Return the id given to this request when it was received."""
    return str(request.state.request_id)
