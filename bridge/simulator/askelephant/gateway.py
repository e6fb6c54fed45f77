"""Responses of what stands before AskElephant: a firewall, a balancer, an API gateway.

They carry neither AskElephant's headers nor its JSON, so they say nothing about the API.
"""

from enum import StrEnum
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response


class GatewayBody(StrEnum):
    """What the body of such a response holds."""

    HTML = "html"
    JSON = "json"
    EMPTY = "empty"


class GatewayError(Exception):
    """Raised where a request does not reach the API; it becomes the response."""

    def __init__(self, status: int, body: GatewayBody = GatewayBody.HTML) -> None:
        super().__init__(f"{status} of a gateway")
        self.status = status
        self.body = body


def status_phrase(status: int) -> str:
    """Return a status' phrase, also of those that vendors made up, such as AWS' 460."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def gateway_response(error: GatewayError) -> Response:
    """Return the response an error becomes.

    The JSON is that of Amazon's API Gateway:
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


async def answer_gateway_error(request: Request, error: Exception) -> Response:
    """Respond with the error that a route raised (Starlette's exception handler)."""
    if not isinstance(error, GatewayError):
        raise error
    request.state.entry.from_gateway = True
    return gateway_response(error)
