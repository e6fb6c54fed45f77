"""Authorizes requests to the sandbox by their API key, sent without a scheme, and its scopes."""

import hmac

from starlette.requests import Request

from bridge.simulator.askelephant.options import ApiKey
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.workspace import Workspace

BEARER = "Bearer "


def admit(request: Request, workspace: Workspace, scope: str) -> ApiKey:
    """Return the API key of a request. Raises a 401 for a bad key, a 403 for a missing scope.

    The header holds the key alone, without ``Bearer``, as AskElephant's guides require
    (https://docs.askelephant.ai/llms.txt). The option ``accept_bearer`` allows the prefix.
    """
    sent = request.headers.get("authorization", "")
    if workspace.options.accept_bearer:
        sent = sent.removeprefix(BEARER)
    live = (key for key in workspace.keys.values() if not key.revoked)
    same = (key for key in live if hmac.compare_digest(key.token.encode(), sent.encode()))
    key = next(same, None)
    if key is None:
        raise ApiProblem(401, "invalid or missing API key")
    request.state.entry.key_id = key.id
    require(key, scope)
    return key


def require(key: ApiKey, scope: str) -> None:
    """Raise a 403 that names the scope, if the API key does not have the scope."""
    if scope not in key.scopes:
        raise ApiProblem(403, f"the API key lacks the scope {scope}")
