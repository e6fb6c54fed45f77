"""Rejects API requests with an unknown query parameter.

Otherwise a mistyped filter (``stat=failed``) would be ignored, and all calls would be listed.
"""

import re
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from bridge.api.auth import By
from bridge.api.suggestion import did_you_mean
from bridge.errors import BridgeError

REPEATABLE = re.compile(r"[\w.-]{1,40}", re.ASCII)
"""Matches parameter names that the response may repeat. Any other text may be personal data."""


class UnknownParameterError(BridgeError):
    """A request has a query parameter that its route does not have. ``detail`` lists all."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        shown = f"`{name}`" if REPEATABLE.fullmatch(name) else "A name that was sent"
        listed = f"The parameters are: {', '.join(known)}." if known else "The route has none."
        self.detail = f"{shown} is no query parameter.{did_you_mean(name, known)} {listed}"
        super().__init__(self.detail)


def require_known_parameters(request: Request, _: By) -> None:
    """Raise ``UnknownParameterError`` for the first parameter that the route does not have.

    It depends on the token: a request that its token does not allow gets 401 or 403 in any case.
    """
    known = tuple(sorted(set(_parameters(request.scope["route"].dependant))))
    for name in request.query_params:
        if name not in known:
            raise UnknownParameterError(name, known)


def _parameters(dependant: Dependant) -> Iterator[str]:
    """Yield the names of the query parameters of a route and of its dependencies."""
    for parameter in dependant.query_params:
        yield parameter.alias
    for inner in dependant.dependencies:
        yield from _parameters(inner)
