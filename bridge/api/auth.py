"""Bearer tokens of the API, compared in constant time."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bridge.errors import BridgeError

BEARER = HTTPBearer(auto_error=False, description="One of BRIDGE_API_TOKENS")


class Unauthorized(BridgeError):  # noqa: N818 - the name says what happened
    """The API was asked without a token that it knows. ``status`` is the answer."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail


def require_token(
    request: Request,
    presented: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> None:
    """Raise ``Unauthorized`` unless the request bears one of the configured tokens."""
    tokens: Sequence[str] = request.app.state.api_tokens
    if not tokens:
        raise Unauthorized(403, "api_closed", "The API is closed: set BRIDGE_API_TOKENS.")
    token = presented.credentials if presented else ""
    matches = [hmac.compare_digest(_hashed(token), _hashed(one)) for one in tokens]
    if not any(matches):
        detail = "Send Authorization: Bearer <token>, with one of BRIDGE_API_TOKENS."
        raise Unauthorized(401, "bad_token", detail)


def _hashed(token: str) -> bytes:
    """Hash first: ``compare_digest`` tells the lengths of what it compares."""
    return hashlib.sha256(token.encode()).digest()
