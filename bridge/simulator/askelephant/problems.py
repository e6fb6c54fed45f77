"""Errors as AskElephant returns them: ``application/problem+json`` with the request's id."""

from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from bridge.simulator.askelephant.gateway import status_phrase
from bridge.simulator.askelephant.shapes import FIELD, FieldError, Shape

PROBLEM_JSON = "application/problem+json"


class ApiProblem(Exception):  # noqa: N818 - "problem" is the term of RFC 9457
    """An error of the simulated API, raised by a route and converted to a response by a handler."""

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
    """Create the error response for ``problem``. ``shape`` formats the field errors in the body.

    The response follows AskElephant's page about errors, which is listed in
    https://docs.askelephant.ai/llms.txt.
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


async def handle_problem(request: Request, error: Exception) -> JSONResponse:
    """Create the response for an ``ApiProblem`` (Starlette's exception handler)."""
    if not isinstance(error, ApiProblem):
        raise error
    shape = getattr(request.state, "shape", FIELD)
    return problem_response(error, request_id_of(request), shape)


async def handle_http_error(request: Request, error: Exception) -> JSONResponse:
    """Create the response for an unknown path (404) or method (405)."""
    if not isinstance(error, HTTPException):
        raise error
    problem = ApiProblem(error.status_code, error.detail, headers=error.headers)
    return problem_response(problem, request_id_of(request))


def request_id_of(request: Request) -> str:
    """Return the id given to this request when it was received."""
    return str(request.state.request_id)
