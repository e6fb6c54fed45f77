"""Error responses and broken responses that the behaviours of a call choose."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bridge.simulator.askelephant.behaviours import Plan
from bridge.simulator.askelephant.gateway import GatewayBody, GatewayError
from bridge.simulator.askelephant.options import PRIVATE_READ
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.shapes import FieldError
from bridge.simulator.askelephant.workspace import Workspace


class Refusal(NamedTuple):
    """An error response to a POST of an engagement."""

    status: int
    detail: str
    errors: Sequence[FieldError] = ()


REJECTED = (
    FieldError(field="title", code="rejected", message="title is refused by this sandbox"),
    FieldError(field="media_url", code="rejected", message="media_url is refused, too"),
)
UNFETCHED = (
    FieldError(field="media_url", code="media_unavailable", message="media_url returned 404"),
)
FORBIDDEN = f"the API key lacks the scope {PRIVATE_READ}"
FIREWALL, NOT_FOUND = 403, 404

FIRST_TRIES: Mapping[str, Refusal] = {
    "payment-required": Refusal(402, "the workspace has no paid plan"),
    "error-before-commit": Refusal(500, "failed before the engagement was created"),
    "conflict": Refusal(409, "another request with this external_id is in progress"),
    "media-late": Refusal(422, "validation failed", UNFETCHED),
}
ALWAYS: Mapping[str, Refusal] = {
    "own-403": Refusal(403, FORBIDDEN),
    "own-500": Refusal(500, "every request for this call fails"),
    "reject": Refusal(422, "validation failed", REJECTED),
    "bad-request": Refusal(400, "invalid request body", REJECTED),
}


def refuse_submission(workspace: Workspace, external_id: str, plan: Plan, now: datetime) -> None:
    """Raise the error that the call's behaviours choose for a POST, before it is processed."""
    _stop_at_gateway(workspace, external_id, plan, "")
    # An HTTP-date has whole seconds only, so the time is rounded up to the next second.
    retry_after = workspace.options.retry_after
    date = (now + timedelta(seconds=retry_after + 1)).replace(microsecond=0)
    throttles = {
        "throttle-seconds": {"Retry-After": str(retry_after)},
        "throttle-date": {"Retry-After": format_datetime(date, usegmt=True)},
        "throttle-garbage": {"Retry-After": "in a little while"},
        "throttle-epoch": {"Retry-After": str(int(date.timestamp()))},
        "throttle-epoch-ms": {"Retry-After": str(int(date.timestamp() * 1000))},
        "throttle-bare": {},
    }
    for name, headers in throttles.items():
        if workspace.use_try(external_id, plan, name):
            raise ApiProblem(429, "rate limited", headers=headers)
    for name, refusal in FIRST_TRIES.items():
        if workspace.use_try(external_id, plan, name):
            raise ApiProblem(*refusal)
    for name, refusal in ALWAYS.items():
        if name in plan:
            raise ApiProblem(*refusal)


def refuse_read(workspace: Workspace, external_id: str, plan: Plan) -> None:
    """Raise the error that the call's behaviours choose for a GET of its engagement."""
    _stop_at_gateway(workspace, external_id, plan, "read-")
    if "read-403" in plan:
        raise ApiProblem(403, FORBIDDEN)
    if workspace.use_try(external_id, plan, "read-missing"):
        raise ApiProblem(404, "engagement not found")
    if workspace.use_try(external_id, plan, "read-error"):
        raise ApiProblem(500, "failed to read the engagement")
    if workspace.use_try(external_id, plan, "read-throttled"):
        headers = {"Retry-After": str(workspace.options.retry_after)}
        raise ApiProblem(429, "rate limited", headers=headers)


def _stop_at_gateway(workspace: Workspace, external_id: str, plan: Plan, prefix: str) -> None:
    """Raise the response of a firewall or a gateway that the call's behaviours choose."""
    if workspace.use_try(external_id, plan, f"{prefix}html-403"):
        raise GatewayError(FIREWALL)
    if workspace.use_try(external_id, plan, f"{prefix}html-404"):
        raise GatewayError(NOT_FOUND)
    for name, body in (("gateway-html", GatewayBody.HTML), ("gateway-json", GatewayBody.JSON)):
        if not prefix and workspace.count_first_try(external_id, plan, name):
            raise GatewayError(int(plan.number(name)), body)


def spoiled(
    workspace: Workspace, external_id: str, plan: Plan, response: Response
) -> Response | None:
    """Return the broken response to send instead of ``response``, or ``None`` to send ``response``.

    Called after the engagement was created. Raises a 500 for the behaviour ``error-after-commit``.
    """
    if workspace.use_try(external_id, plan, "error-after-commit"):
        raise ApiProblem(500, "failed after the engagement was created")
    if workspace.use_try(external_id, plan, "reset"):
        return TruncatedResponse(
            response.body, response.status_code, media_type=response.media_type
        )
    if workspace.use_try(external_id, plan, "garbage-json"):
        return garbage()
    return None


def garbage() -> Response:
    """Create a 200 with the content type of JSON, and a body that is not JSON."""
    return Response(b'{"object": "engagement", "id": <html>', media_type="application/json")


class TruncatedResponse(Response):
    """A response whose connection closes after half of the body.

    uvicorn closes the connection if an application returns before its response is complete:
    https://github.com/Kludex/uvicorn/blob/master/uvicorn/protocols/http/httptools_impl.py.
    """

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head and half of the body, then return."""
        head = {"type": "http.response.start", "status": self.status_code}
        await send(head | {"headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
