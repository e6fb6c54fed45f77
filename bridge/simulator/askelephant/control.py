"""The control API under ``/sandbox/``: tests and the demo configure and inspect the sandbox by it.

The control API needs no key, because a sandbox listens on the loopback only.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.simulator.askelephant.background import Background
from bridge.simulator.askelephant.behaviours import BEHAVIOURS
from bridge.simulator.askelephant.engagement import Engagement, Json, view
from bridge.simulator.askelephant.faults import Fault
from bridge.simulator.askelephant.journal import row
from bridge.simulator.askelephant.options import (
    ApiKey,
    Behaviours,
    Given,
    Scope,
    User,
    WebhookSecrets,
)
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.processing import Processing
from bridge.simulator.askelephant.shapes import FieldError
from bridge.simulator.askelephant.webhooks import Webhooks
from bridge.simulator.askelephant.workspace import Workspace

LONGEST_SETTLE = 60.0


class BehavioursBody(Given):
    """The behaviours of all calls and of single call ids. They replace those set before."""

    everywhere: Behaviours = ""
    exact: Mapping[str, Behaviours] = Field(default_factory=dict)
    containing: Mapping[str, Behaviours] = Field(default_factory=dict)


class KeyBody(Given):
    """An API key to add or change. Absent fields stay unchanged. A new key needs a secret."""

    id: str
    secret: str | None = None
    scopes: frozenset[Scope] | None = None
    revoked: bool | None = None


class UsersBody(Given):
    """The users of the workspace.

    If ``users`` is ``null``, every participant is a user, except those whose e-mail address ends in
    ``@unknown.example``.
    """

    users: tuple[User, ...] | None


class WebhookBody(Given):
    """The URL that events are sent to, and the secrets that sign the events.

    Absent fields stay unchanged. ``clock_step`` is added to the signer's clock, in seconds.
    """

    url: str | None = None
    secrets: WebhookSecrets | None = None
    clock_step: Annotated[float, Field(ge=-86_400, le=86_400)] | None = None


class EngagementBody(Given):
    """The engagement that a control request is for, by its id or its ``external_id``."""

    engagement_id: str | None = None
    external_id: str | None = None


Posted = TypeVar("Posted", bound=Given)


class Control:
    """The handlers of the routes under ``/sandbox``."""

    def __init__(
        self,
        workspace: Workspace,
        processing: Processing,
        webhooks: Webhooks,
        background: Background,
    ) -> None:
        self.workspace = workspace
        self.processing = processing
        self.webhooks = webhooks
        self.background = background

    def routes(self) -> list[Route]:
        """Return the routes under ``/sandbox``."""
        posts = {
            "/behaviours": self.behaviours,
            "/keys": self.keys,
            "/users": self.users,
            "/webhook": self.webhook,
            "/faults": self.faults,
            "/resend": self.resend,
            "/delete": self.delete,
            "/reset": self.reset,
        }
        return [
            Route("/journal", self.journal, methods=["GET"]),
            Route("/behaviours", self.known_behaviours, methods=["GET"]),
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posts.items()),
        ]

    async def journal(self, request: Request) -> Response:
        """Return all requests, engagements and deliveries of events.

        With ``?settle=N``, first wait until no background task runs, at most N real seconds.
        """
        try:
            seconds = float(request.query_params.get("settle") or 0)
        except ValueError:
            raise _refused("settle", "must be a number of seconds") from None
        settled = await self.background.settle(min(seconds, LONGEST_SETTLE))
        engagements: list[Json] = [
            view(engagement)
            | {
                "external_id": engagement.external_id,
                "behaviours": dict(engagement.plan.numbers),
                "request": dict(engagement.request),
                "action_items": len(engagement.action_items),
                "signals": len(engagement.signals),
            }
            for engagement in self.workspace.engagements.values()
        ]
        journal = self.workspace.journal
        return JSONResponse(
            {
                "settled": settled,
                "workspace_id": self.workspace.id,
                "requests": [row(entry) for entry in journal.requests],
                "engagements": engagements,
                "deliveries": [row(entry) for entry in journal.deliveries],
            }
        )

    async def known_behaviours(self, _request: Request) -> Response:
        """Return the table of behaviours."""
        return JSONResponse(dict(BEHAVIOURS))

    async def behaviours(self, request: Request) -> Response:
        """Set the behaviours of all calls, and of single call ids without a marker."""
        body = await _posted(request, BehavioursBody)
        self.workspace.everywhere = body.everywhere
        self.workspace.exact, self.workspace.containing = body.exact, body.containing
        return Response(status_code=204)

    async def keys(self, request: Request) -> Response:
        """Add an API key, or change its secret or scopes, or revoke it."""
        body = await _posted(request, KeyBody)
        given = body.model_dump(exclude_none=True)
        known = self.workspace.keys.get(body.id)
        if known is None and body.secret is None:
            raise _refused("secret", "a new key needs a secret")
        self.workspace.keys[body.id] = ApiKey(**((known.model_dump() if known else {}) | given))
        return Response(status_code=204)

    async def users(self, request: Request) -> Response:
        """Replace the users of the workspace."""
        self.workspace.users = (await _posted(request, UsersBody)).users
        return Response(status_code=204)

    async def webhook(self, request: Request) -> Response:
        """Set the URL of the webhook, its secrets, or the error of the signer's clock."""
        body = await _posted(request, WebhookBody)
        if "url" in body.model_fields_set:
            self.workspace.webhook_url = body.url
        if body.secrets is not None:
            self.workspace.webhook_secrets = body.secrets
        if body.clock_step is not None:
            self.workspace.clock_step = timedelta(seconds=body.clock_step)
        return Response(status_code=204)

    async def faults(self, request: Request) -> Response:
        """Set the fault of the whole API, such as an outage. An empty body ends the fault."""
        self.workspace.faults.put(await _posted(request, Fault))
        return Response(status_code=204)

    async def resend(self, request: Request) -> Response:
        """Send an engagement's transcript event again: validly signed, with the same svix-id."""
        engagement = await self._posted_engagement(request)
        event = self.processing.transcript_event(engagement)
        self.webhooks.send(event)
        return JSONResponse({"svix_id": event.svix_id}, 202)

    async def delete(self, request: Request) -> Response:
        """Delete an engagement, and send ``v1.engagement.deleted``."""
        self.processing.delete(await self._posted_engagement(request))
        return Response(status_code=204)

    async def _posted_engagement(self, request: Request) -> Engagement:
        body = await _posted(request, EngagementBody)
        engagement = self.workspace.engagements.get(
            body.engagement_id or ""
        ) or self.workspace.by_external_id.get(body.external_id or "")
        if engagement is None:
            raise ApiProblem(404, "no such engagement")
        return engagement

    async def reset(self, _request: Request) -> Response:
        """Reset the sandbox to the state that its options define."""
        await self.background.cancel()
        self.workspace.reset()
        return Response(status_code=204)


async def _posted(request: Request, model: type[Posted]) -> Posted:
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        wrong = [
            FieldError(field=".".join(map(str, one["loc"])), code=one["type"], message=one["msg"])
            for one in error.errors()
        ]
        raise ApiProblem(422, "invalid request", wrong) from None


def _refused(field: str, message: str) -> ApiProblem:
    error = FieldError(field=field, code="invalid", message=message)
    return ApiProblem(422, "invalid request", [error])
