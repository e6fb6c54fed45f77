"""Suggests the known name that is nearest to a mistyped one."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean `nearest`?``, or an empty string if no known name is similar."""
    nearest = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f" Did you mean `{nearest[0]}`?" if nearest else ""
