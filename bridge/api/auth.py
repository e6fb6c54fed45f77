"""Checks the API's bearer tokens and their scopes, and limits the wrong tokens of each address.

Tokens are compared in constant time. After too many wrong tokens from one address, further tokens
from it are refused without being checked. But a token of 32 characters or more is always checked,
because such a token cannot be guessed. Otherwise any client behind the operator's proxy, and so
with the same address, could lock the operator out.

Routes that change something declare the parameter ``by: By``, which is the name of the token.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bridge.api.token_throttle import TokenThrottle
from bridge.errors import BridgeError
from bridge.reasons import Reason
from config.tokens import ApiToken

SHORTEST = 32
"""The fewest characters of a secret that cannot be guessed. ``bridge token new`` prints 43."""

READING = frozenset({"GET", "HEAD"})
"""HTTP methods that change nothing. Each other method needs a token with the scope ``operate``."""

log = structlog.get_logger(__name__)
BEARER = HTTPBearer(
    auto_error=False,
    description="The secret of an entry of BRIDGE_API_TOKENS. Methods other than GET need the "
    "scope `operate`.",
)
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class UnauthorizedError(BridgeError):
    """A request to the API has no valid token, or one whose scope does not allow the request.

    ``status`` is the HTTP status of the response.
    """

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
) -> ApiToken:
    """Return the configured token that the request carries, or raise ``UnauthorizedError``."""
    tokens: Sequence[ApiToken] = request.app.state.api_tokens
    if not tokens:
        raise UnauthorizedError(403, Reason.API_CLOSED, "The API is closed: set BRIDGE_API_TOKENS.")
    if presented is None:
        detail = (
            "The request has no token. Send Authorization: Bearer <secret>, with the secret of an "
            "entry of BRIDGE_API_TOKENS."
        )
        raise UnauthorizedError(401, Reason.BAD_TOKEN, detail, CHALLENGE)
    secret = presented.credentials
    throttle: TokenThrottle = request.app.state.token_throttle
    address = request.client.host if request.client else ""
    wait = throttle.wait(address)
    if not wait or len(secret) >= SHORTEST:
        matches = [token for token in tokens if _is_same(secret, token.secret.get_secret_value())]
        if matches:
            return matches[0]
        wait = throttle.add(address)
    if wait:
        detail = (
            "Too many wrong tokens were sent from this address. Try again after Retry-After. "
            f"A correct token of {SHORTEST} characters or more is accepted at any time."
        )
        raise UnauthorizedError(429, Reason.TOO_MANY_FAILURES, detail, {"Retry-After": str(wait)})
    detail = (
        "The token is wrong: it is the secret of no entry of BRIDGE_API_TOKENS. Send "
        "Authorization: Bearer <secret>, without the entry's name and scope."
    )
    raise UnauthorizedError(401, Reason.BAD_TOKEN, detail, CHALLENGE)


def authorize(request: Request, token: Annotated[ApiToken, Depends(require_token)]) -> str:
    """Return the name of the request's token.

    Raises ``UnauthorizedError`` if the request changes something and the token may only read.
    """
    if request.method not in READING and token.scope != "operate":
        detail = (
            f"The token {token.name} may only read. Send a token with the scope operate; "
            "bridge token new NAME operate makes one."
        )
        raise UnauthorizedError(403, Reason.TOKEN_READ_ONLY, detail)
    return token.name


By = Annotated[str, Depends(authorize)]
"""The name of the token that authorizes a change. Route functions declare it as a parameter."""


def warn_of_short(tokens: Sequence[ApiToken]) -> None:
    """Log a warning that names the tokens whose secret is short enough to be guessed."""
    short = [token.name for token in tokens if len(token.secret.get_secret_value()) < SHORTEST]
    if short:
        log.warning(
            "api_token.too_short",
            setting="BRIDGE_API_TOKENS",
            entries=short,
            minimum_length=SHORTEST,
            detail="Short secrets could be guessed. Create longer ones with bridge token new.",
        )


def _is_same(presented: str, known: str) -> bool:
    """Compare two tokens by their digests: ``compare_digest`` may reveal the length of its inputs.

    https://docs.python.org/3/library/hmac.html#hmac.compare_digest
    """
    digests = [hashlib.sha256(token.encode()).digest() for token in (presented, known)]
    return hmac.compare_digest(digests[0], digests[1])
