"""Checks the API's bearer tokens in constant time, and limits how many wrong ones an address sends.

After too many wrong tokens, a token from that address is refused without being checked. A token of
32 characters or more is still checked, because it cannot be found by guessing. Otherwise anyone
behind the same proxy as the operator, and so with the same address, could lock the operator out.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated

import structlog
from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bridge.api.token_throttle import TokenThrottle
from bridge.errors import BridgeError
from bridge.reasons import Reason

SHORTEST = 32
"""Characters of a token that cannot be guessed. ``openssl rand -hex 32`` prints 64."""

log = structlog.get_logger(__name__)
BEARER = HTTPBearer(auto_error=False, description="One of BRIDGE_API_TOKENS")


class UnauthorizedError(BridgeError):
    """A request to the API has no valid token. ``status`` is the HTTP status of the response."""

    def __init__(
        self, status: int, reason: Reason, detail: str, headers: Mapping[str, str] | None = None
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
    """Raise ``UnauthorizedError`` unless the request bears one of the configured tokens."""
    tokens: Sequence[str] = request.app.state.api_tokens
    if not tokens:
        raise UnauthorizedError(403, Reason.API_CLOSED, "The API is closed: set BRIDGE_API_TOKENS.")
    token = presented.credentials if presented else ""
    throttle: TokenThrottle = request.app.state.token_throttle
    address = request.client.host if request.client else ""
    wait = throttle.wait(address)
    if not wait or len(token) >= SHORTEST:
        matches = [hmac.compare_digest(_hashed(token), _hashed(known)) for known in tokens]
        if any(matches):
            return
        wait = throttle.add(address)
    if wait:
        detail = (
            "Too many wrong tokens were sent from this address. Try again after Retry-After. "
            f"A correct token of {SHORTEST} characters or more is accepted at any time."
        )
        raise UnauthorizedError(429, Reason.TOO_MANY_FAILURES, detail, {"Retry-After": str(wait)})
    detail = "Send Authorization: Bearer <token>, with one of BRIDGE_API_TOKENS."
    raise UnauthorizedError(401, Reason.BAD_TOKEN, detail, {"WWW-Authenticate": "Bearer"})


def warn_of_short(tokens: Sequence[str]) -> None:
    """Log a warning if one of the configured tokens is short enough to be guessed."""
    if any(len(token) < SHORTEST for token in tokens):
        log.warning("api_token.too_short", setting="BRIDGE_API_TOKENS", shortest=SHORTEST)


def _hashed(token: str) -> bytes:
    """Hash a token before it is compared: ``compare_digest`` may reveal the length of its inputs.

    https://docs.python.org/3/library/hmac.html#hmac.compare_digest
    """
    return hashlib.sha256(token.encode()).digest()
