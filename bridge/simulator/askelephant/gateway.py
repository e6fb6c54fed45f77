"""Error responses of a firewall, a load balancer or an API gateway in front of AskElephant.

They have neither the headers nor the JSON of AskElephant's API.
"""

from enum import StrEnum
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response


class GatewayBody(StrEnum):
    """The kinds of bodies that a gateway's error response may have."""

    HTML = "html"
    JSON = "json"
    EMPTY = "empty"


class GatewayError(Exception):
    """Raised for a request that a gateway refuses. The exception handler makes the response."""

    def __init__(self, status: int, body: GatewayBody = GatewayBody.HTML) -> None:
        super().__init__(f"{status} of a gateway")
        self.status = status
        self.body = body


def status_phrase(status: int) -> str:
    """Return the phrase of a status, or "Unknown" for a non-standard status such as AWS' 460."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def gateway_response(error: GatewayError) -> Response:
    """Create the response for a gateway's error. JSON has the form of Amazon's API Gateway.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    """
    phrase = status_phrase(error.status)
    match error.body:
        case GatewayBody.HTML:
            title = f"{error.status} {phrase}"
            page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
            return HTMLResponse(page, error.status)
        case GatewayBody.JSON:
            return JSONResponse({"message": phrase}, error.status)
        case GatewayBody.EMPTY:
            return Response(status_code=error.status)


async def handle_gateway_error(request: Request, error: Exception) -> Response:
    """Create the response for a gateway's error (Starlette's exception handler)."""
    if not isinstance(error, GatewayError):
        raise error
    request.state.entry.from_gateway = True
    return gateway_response(error)
