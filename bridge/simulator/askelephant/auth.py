"""Who may ask: the API key, sent raw, and the scopes it has."""

import hmac
from collections.abc import Iterable

from starlette.requests import Request

from bridge.simulator.askelephant.options import ApiKey
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.workspace import Workspace

BEARER = "Bearer "


def admit(request: Request, workspace: Workspace, scope: str) -> ApiKey:
    """Return the key of a request, or raise 401 (bad key) or 403 (missing scope).

    The key goes raw; two guide pages forbid ``Bearer``, which a setting lets through.
    """
    sent = request.headers.get("authorization", "")
    if workspace.options.accept_bearer:
        sent = sent.removeprefix(BEARER)
    key = _find(sent, workspace.keys.values())
    if key is None:
        raise ApiProblem(401, "invalid or missing API key")
    request.state.entry.key_id = key.id
    require(key, scope)
    return key


def require(key: ApiKey, scope: str) -> None:
    """Raise 403, naming the scope, if the key has not got it."""
    if scope not in key.scopes:
        raise ApiProblem(403, f"the API key lacks the scope {scope}")


def _find(sent: str, keys: Iterable[ApiKey]) -> ApiKey | None:
    live = (key for key in keys if not key.revoked)
    return next(
        (key for key in live if hmac.compare_digest(key.token.encode(), sent.encode())), None
    )
