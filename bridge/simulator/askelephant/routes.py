"""The simulated routes of AskElephant's API: create, read and list engagements."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.simulator.askelephant.auth import admit, require
from bridge.simulator.askelephant.behaviours import Plan
from bridge.simulator.askelephant.checks import people_errors, rule_errors, shape_errors
from bridge.simulator.askelephant.engagement import EXPANSIONS, Engagement, expanded, view
from bridge.simulator.askelephant.listing import one_page, read_query
from bridge.simulator.askelephant.options import (
    COMPANIES_READ,
    CONTACTS_READ,
    ENGAGEMENTS_READ,
    ENGAGEMENTS_WRITE,
    PRIVATE_READ,
    USERS_READ,
)
from bridge.simulator.askelephant.people import owner_at, resolve
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.processing import Processing
from bridge.simulator.askelephant.refusals import garbage, refuse_read, refuse_submission, spoiled
from bridge.simulator.askelephant.shapes import FieldError, shape_of
from bridge.simulator.askelephant.stamps import clock
from bridge.simulator.askelephant.workspace import Workspace

EXPAND_SCOPES = {"contacts": CONTACTS_READ, "companies": COMPANIES_READ, "owner": USERS_READ}

Body = Mapping[str, Any]


class Engagements:
    """The handlers of the routes under ``/v2/engagements``."""

    def __init__(self, workspace: Workspace, processing: Processing) -> None:
        self.workspace = workspace
        self.processing = processing

    def routes(self) -> list[Route]:
        """Return the routes, relative to a base path."""
        return [
            Route("/engagements", self.create, methods=["POST"]),
            Route("/engagements", self.page, methods=["GET"]),
            Route("/engagements/{id}", self.read, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Create an engagement (201), or return the existing one with the external_id (200).

        A body that is not a JSON object of valid Unicode gets a 400.
        """
        key = admit(request, self.workspace, ENGAGEMENTS_WRITE)
        try:
            body = json.loads(await request.body())
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise ApiProblem(400, "the body is not JSON") from None
        if not isinstance(body, dict):
            raise ApiProblem(400, "the body is not a JSON object")
        external_id = str(body.get("external_id"))
        plan = self.workspace.plan_for(external_id)
        request.state.entry.external_id = external_id
        request.state.entry.unknown_behaviours = plan.unknown
        request.state.shape = shape_of(plan)
        if errors := shape_errors(body):
            raise ApiProblem(400, "invalid request body", errors)
        if body.get("is_private"):
            require(key, PRIVATE_READ)
        refuse_submission(self.workspace, external_id, plan, clock())
        engagement, created = await self._find_or_create(body, plan)
        if created and "collision" not in plan:
            await self.processing.begin(engagement)
        status = 201 if created and "collision" not in plan else 200
        response = JSONResponse(view(engagement), status)
        return spoiled(self.workspace, external_id, plan, response) or response

    async def read(self, request: Request) -> Response:
        """Return an engagement with the insights and other expansions that ``expand`` names."""
        key = admit(request, self.workspace, ENGAGEMENTS_READ)
        names = [name for name in request.query_params.get("expand", "").split(",") if name]
        for name in names:
            if name not in EXPANSIONS:
                message = f"expand must be one of {', '.join(EXPANSIONS)}"
                error = FieldError(field="expand", code="invalid_enum_value", message=message)
                raise ApiProblem(400, "invalid query", [error])
            if name in EXPAND_SCOPES:
                require(key, EXPAND_SCOPES[name])
        engagement = self.workspace.engagements.get(request.path_params["id"])
        if engagement is None:
            raise ApiProblem(404, "engagement not found")
        if engagement.is_private:
            require(key, PRIVATE_READ)
        external_id, plan = engagement.external_id, engagement.plan
        request.state.entry.external_id = external_id
        refuse_read(self.workspace, external_id, plan)
        if self.workspace.use_try(external_id, plan, "read-garbage"):
            return garbage()
        response = JSONResponse(expanded(engagement, names, clock()))
        response.headers["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
        return response

    async def page(self, request: Request) -> Response:
        """Return a page of engagements. Private ones need an API key with a special scope."""
        key = admit(request, self.workspace, ENGAGEMENTS_READ)
        wanted = read_query(request.query_params)
        sees_private = PRIVATE_READ in key.scopes
        seen = [
            engagement
            for engagement in self.workspace.engagements.values()
            if sees_private or not engagement.is_private
        ]
        return JSONResponse(one_page(seen, wanted))

    async def _find_or_create(self, body: Body, plan: Plan) -> tuple[Engagement, bool]:
        """Return the engagement for a POST, and whether it is new. Raises a 422 for a bad body.

        The media is fetched within the request, as AskElephant does it
        (https://docs.askelephant.ai/llms.txt). A client whose request timed out during a slow fetch
        retries while its first request is still processed. Because of the lock, the retry waits
        and returns the engagement that the first request created.
        """
        external_id = body["external_id"]
        async with self.workspace.locks[external_id]:
            known = self.workspace.by_external_id.get(external_id)
            if known is not None:
                return known, False
            errors = rule_errors(body) + (people_errors(body) if "check-people" in plan else [])
            if errors:
                raise ApiProblem(422, "validation failed", errors)
            owner = self.workspace.options.key_owner
            people = body.get("participants") or []
            if (index := owner_at(people)) is not None:
                named = resolve(people[index], self.workspace.users)
                if named is None or "owner-refused" in plan:
                    message = "the owner is no active user of this workspace"
                    field = f"participants.{index}"
                    error = FieldError(field=field, code="owner_not_found", message=message)
                    raise ApiProblem(422, "validation failed", [error])
                owner = named
            fetch = self.workspace.faults.present.media
            if fetch is None:
                fetch = self.workspace.options.timings.media_fetch
            await self.workspace.pause(plan.number("slow-media") or fetch)
            return self.workspace.add(body, plan, owner, clock()), True
