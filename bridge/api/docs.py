"""``/api/docs``: Swagger UI from this host alone. Nothing of it is loaded from anywhere else.

``swagger_ui`` holds two files of the npm package ``swagger-ui-dist`` 5.32.6, as they are, and their
licences.
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
"""Swagger UI writes styles of its own; scripts come from files only."""

DAY = {"Cache-Control": "public, max-age=86400"}


async def _page(_request: Request) -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": POLICY})


async def _start(_request: Request) -> Response:
    return Response(START, media_type="text/javascript", headers=DAY)


def _asset(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of one of Swagger UI's files, which is sent piece by piece."""
    path = SWAGGER_UI / name

    async def answer(_request: Request) -> Response:
        return FileResponse(path, media_type=media_type, headers=DAY)

    return answer


ROUTES = [
    Route("/api/docs", _page),
    Route("/api/docs/start.js", _start),
    *(Route(f"/api/docs/{name}", _asset(name, kind)) for name, kind in ASSETS.items()),
]
