"""Refusals a call asks for, and the answers that go wrong on their way."""

from datetime import datetime, timedelta
from email.utils import format_datetime

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bridge.askelephant.sandbox.behaviours import Plan
from bridge.askelephant.sandbox.problems import ApiProblem, FieldError
from bridge.askelephant.sandbox.workspace import Workspace

REJECTED = (
    FieldError(field="title", code="rejected", message="title is refused by this sandbox"),
    FieldError(field="media_url", code="rejected", message="media_url is refused, too"),
)
UNFETCHED = (
    FieldError(field="media_url", code="media_unavailable", message="media_url answered 404"),
)


def refuse_submission(workspace: Workspace, external_id: str, plan: Plan, now: datetime) -> None:
    """Raise what the call asks for before anything is made of it."""
    for name, headers in _throttles(workspace.options.retry_after, now).items():
        if workspace.takes_turn(external_id, plan, name):
            raise ApiProblem(429, "rate limited", headers=headers)
    if workspace.takes_turn(external_id, plan, "error-before-commit"):
        raise ApiProblem(500, "failed before the engagement was made")
    if workspace.takes_turn(external_id, plan, "conflict"):
        raise ApiProblem(409, "another request holds this external_id")
    if "reject" in plan:
        raise ApiProblem(422, "validation failed", REJECTED)
    if workspace.takes_turn(external_id, plan, "media-late"):
        raise ApiProblem(422, "validation failed", UNFETCHED)
    if "bad-request" in plan:
        raise ApiProblem(400, "invalid request body", REJECTED)


def refuse_read(workspace: Workspace, external_id: str, plan: Plan) -> None:
    """Raise what the call asks for when its engagement is read."""
    if workspace.takes_turn(external_id, plan, "read-missing"):
        raise ApiProblem(404, "engagement not found")
    if workspace.takes_turn(external_id, plan, "read-error"):
        raise ApiProblem(500, "failed to read the engagement")
    if workspace.takes_turn(external_id, plan, "read-throttled"):
        headers = {"Retry-After": str(workspace.options.retry_after)}
        raise ApiProblem(429, "rate limited", headers=headers)


def spoiled(
    workspace: Workspace, external_id: str, plan: Plan, answer: Response
) -> Response | None:
    """Return what becomes of the answer once the engagement is made; ``None`` = it goes out."""
    if workspace.takes_turn(external_id, plan, "error-after-commit"):
        raise ApiProblem(500, "failed after the engagement was made")
    if workspace.takes_turn(external_id, plan, "reset"):
        return HalfAnswer(answer.body, answer.status_code, media_type=answer.media_type)
    if workspace.takes_turn(external_id, plan, "garbage-json"):
        return garbage()
    return None


def garbage() -> Response:
    """Return a 200 that says JSON and is none."""
    return Response(b'{"object": "engagement", "id": <html>', media_type="application/json")


class HalfAnswer(Response):
    """An answer that breaks off.

    When an application ends before its body is complete, uvicorn closes the connection.
    """

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head and half of the body, and no more."""
        head = {"type": "http.response.start", "status": self.status_code}
        await send(head | {"headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


def _throttles(retry_after: int, now: datetime) -> dict[str, dict[str, str]]:
    """Return each throttle's headers. An HTTP-date has whole seconds only: the next one counts."""
    date = (now + timedelta(seconds=retry_after + 1)).replace(microsecond=0)
    return {
        "throttle-seconds": {"Retry-After": str(retry_after)},
        "throttle-date": {"Retry-After": format_datetime(date, usegmt=True)},
        "throttle-garbage": {"Retry-After": "in a little while"},
        "throttle-bare": {},
    }
