"""The routes of ``/api/docs``: Swagger UI, served without files from other hosts.

The folder ``swagger_ui`` holds two unchanged files of the npm package ``swagger-ui-dist`` 5.32.6,
and their licences.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from bridge.asgi.security_headers import SECURITY

SWAGGER_UI = Path(__file__).with_name("swagger_ui")
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>WAVV-AskElephant bridge: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true});\n'
ASSETS: Mapping[str, str] = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
POLICY = (
    "script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; " + SECURITY["Content-Security-Policy"]
)
"""The Content-Security-Policy of the page. Swagger UI uses inline styles, but no inline scripts."""

DAY = {"Cache-Control": "public, max-age=86400"}


def _asset(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """Create the handler that serves one of Swagger UI's files."""
    path = SWAGGER_UI / name

    async def respond(_request: Request) -> Response:
        return FileResponse(path, media_type=media_type, headers=DAY)

    return respond


ROUTES = [
    Route(
        "/api/docs",
        HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY}),
        methods=["GET"],
    ),
    Route(
        "/api/docs/start.js",
        Response(START, media_type="text/javascript", headers=DAY),
        methods=["GET"],
    ),
    *(Route(f"/api/docs/{name}", _asset(name, kind)) for name, kind in ASSETS.items()),
]
