"""The HTML page of an engagement, so that the bridge's links to engagements work in the sandbox.

The path is that of AskElephant's own pages: ``/workspaces/{workspace_id}/engagements/{id}``.
"""

import html
import json

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bridge.simulator.askelephant.engagement import view
from bridge.simulator.askelephant.workspace import Workspace

PATH = "/workspaces/{workspace_id}/engagements/{engagement_id}"


def page_route(workspace: Workspace) -> Route:
    """Return the route of the page: a 404 for another workspace or an unknown engagement."""

    async def page(request: Request) -> Response:
        ids = request.path_params
        engagement = workspace.engagements.get(ids["engagement_id"])
        if engagement is None or ids["workspace_id"] != workspace.id:
            return HTMLResponse("<h1>Not found</h1>", status_code=404)
        shown = view(engagement)
        title, fields = html.escape(shown["title"]), html.escape(json.dumps(shown, indent=2))
        return HTMLResponse(f"<!doctype html><title>{title}</title><h1>{title}</h1><pre>{fields}")

    return Route(PATH, page, methods=["GET"])
