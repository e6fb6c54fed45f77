"""Bearer tokens of the API, compared in constant time; those that could be guessed only so often.

Behind one proxy all have one address, and a stranger who guesses must not lock the operator out. So
an address that has presented too many wrong tokens is refused without a look at what it presents,
unless that is too long to be found by guessing, however often.
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
"""Characters of a token that nobody guesses. ``openssl rand -hex 32`` makes 64."""

log = structlog.get_logger(__name__)
BEARER = HTTPBearer(auto_error=False, description="One of BRIDGE_API_TOKENS")


class UnauthorizedError(BridgeError):
    """The API was asked without a token that it knows. ``status`` is the answer."""

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
        if _is_known(token, tokens):
            return
        wait = throttle.add(address)
    raise _refused(wait)


def warn_of_short(tokens: Sequence[str]) -> None:
    """Tell the operator of tokens that could be guessed, if ever so slowly."""
    if any(len(token) < SHORTEST for token in tokens):
        log.warning("token.short", setting="BRIDGE_API_TOKENS", shortest=SHORTEST)


def _is_known(token: str, tokens: Sequence[str]) -> bool:
    matches = [hmac.compare_digest(_hashed(token), _hashed(one)) for one in tokens]
    return any(matches)


def _refused(wait: int) -> UnauthorizedError:
    if wait:
        told = (
            "Too many wrong tokens came from this address. Come again later; a right one of "
            f"{SHORTEST} characters or more is let in at any time."
        )
        return UnauthorizedError(429, Reason.TOO_MANY_FAILURES, told, {"Retry-After": str(wait)})
    detail = "Send Authorization: Bearer <token>, with one of BRIDGE_API_TOKENS."
    return UnauthorizedError(401, Reason.BAD_TOKEN, detail, {"WWW-Authenticate": "Bearer"})


def _hashed(token: str) -> bytes:
    """Hash first: ``compare_digest`` tells the lengths of what it compares."""
    return hashlib.sha256(token.encode()).digest()
