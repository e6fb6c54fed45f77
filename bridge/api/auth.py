"""Bearer tokens of the API, compared in constant time, and wrong ones answered only so often."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated

import structlog
from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bridge.api.failures import Failures
from bridge.errors import BridgeError

SHORTEST = 20
"""Characters. ``openssl rand -hex 32`` makes 64."""

log = structlog.get_logger(__name__)
BEARER = HTTPBearer(auto_error=False, description="One of BRIDGE_API_TOKENS")


class Unauthorized(BridgeError):  # noqa: N818 - the name says what happened
    """The API was asked without a token that it knows. ``status`` is the answer."""

    def __init__(
        self, status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers = headers


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
        raise _failed(request)


def warn_of_short(tokens: Sequence[str]) -> None:
    """Tell the operator of tokens that could be guessed: nothing else protects them from luck."""
    if any(len(token) < SHORTEST for token in tokens):
        log.warning("token.short", setting="BRIDGE_API_TOKENS", shortest=SHORTEST)


def _failed(request: Request) -> Unauthorized:
    failures: Failures = request.app.state.api_failures
    wait = failures.add(request.client.host if request.client else "")
    if wait:
        told = "Too many wrong tokens came from this address. A right one is let in at any time."
        return Unauthorized(429, "too_many_failures", told, {"Retry-After": str(wait)})
    detail = "Send Authorization: Bearer <token>, with one of BRIDGE_API_TOKENS."
    return Unauthorized(401, "bad_token", detail, {"WWW-Authenticate": "Bearer"})


def _hashed(token: str) -> bytes:
    """Hash first: ``compare_digest`` tells the lengths of what it compares."""
    return hashlib.sha256(token.encode()).digest()
