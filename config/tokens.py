"""Reads the entries of ``BRIDGE_API_TOKENS``: the API's tokens, each with a name and a scope.

An entry is ``<name>/<read|operate>:<secret>``. An entry without a colon is only a secret: its scope
is ``operate``, and its name is ``token-<its position>``. A bearer token contains no colon
(https://www.rfc-editor.org/rfc/rfc6750#section-2.1), so the two forms cannot be confused.
"""

import re
import secrets
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from pydantic import SecretStr

Scope = Literal["read", "operate"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
NAME = re.compile(r"(?!token-[0-9]+$)[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
NAME_RULE = (
    "a name is 1 to 40 letters, digits, '.', '_' or '-', and begins with a letter or a digit; "
    "token-<number> is the name of an entry without a name"
)
FORM = "<name>/<read|operate>:<secret>"
NEW = "make one with: bridge token new NAME read|operate"
SECRET_BYTES = 32
"""The random bytes of a new secret. They are encoded as 43 characters."""


class ApiToken(NamedTuple):
    """A token of the API. ``name`` is shown on timelines, in the audit and in the log."""

    name: str
    scope: Scope
    secret: SecretStr

    @property
    def entry(self) -> str:
        """The text of this token's entry in ``BRIDGE_API_TOKENS``."""
        return f"{self.name}/{self.scope}:{self.secret.get_secret_value()}"


def read_tokens(entries: Sequence[SecretStr]) -> tuple[ApiToken, ...]:
    """Return the tokens of the entries, in order.

    Raises ``ValueError`` for a malformed entry, and for a secret that has both scopes. The error's
    text names the position of the entry and quotes no part of the entry, which may be secret.
    """
    tokens = tuple(
        _token(position, entry.get_secret_value()) for position, entry in enumerate(entries, 1)
    )
    scopes: dict[str, Scope] = {}
    for position, token in enumerate(tokens, 1):
        if scopes.setdefault(token.secret.get_secret_value(), token.scope) != token.scope:
            raise ValueError(
                f"entry {position} has the secret of another entry with another scope: {NEW}"
            )
    return tokens


def new_token(name: str, scope: Scope) -> ApiToken:
    """Create a token with a random secret. Raises ``ValueError`` if the name is malformed."""
    if not NAME.fullmatch(name):
        raise ValueError(NAME_RULE)
    return ApiToken(name, scope, SecretStr(secrets.token_urlsafe(SECRET_BYTES)))


def _token(position: int, entry: str) -> ApiToken:
    label, colon, secret = entry.partition(":")
    name, slash, written = label.partition("/")
    scope = next((known for known in SCOPES if known == written), None)
    if not colon:
        if scope is not None and NAME.fullmatch(name):
            raise ValueError(f"entry {position} has no secret; the form is {FORM}, {NEW}")
        return ApiToken(f"token-{position}", "operate", SecretStr(entry))
    if not slash or not secret.strip():
        raise ValueError(f"entry {position} must be {FORM}, or a secret without a colon; {NEW}")
    if scope is None:
        raise ValueError(f"entry {position} must have the scope read or operate: {FORM}")
    if not NAME.fullmatch(name):
        raise ValueError(f"entry {position} must have another name: {NAME_RULE}")
    return ApiToken(name, scope, SecretStr(secret.strip()))
