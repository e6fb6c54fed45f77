"""Converts Redis' replies: the client returns bytes, and its types are broad unions."""

from typing import Any


def text(reply: Any) -> str:  # noqa: ANN401 - the client's types are broad unions
    """Return a reply of Redis, bytes in UTF-8, as text."""
    return reply.decode() if isinstance(reply, bytes) else str(reply)
