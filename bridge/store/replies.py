"""Redis' replies: bytes on the wire, text for us. The client types them as any of many."""

from typing import Any


def text(reply: Any) -> str:  # noqa: ANN401 - the client's unions promise less than the server
    """Return a reply, which is UTF-8 of our own writing, as text."""
    return reply.decode() if isinstance(reply, bytes) else str(reply)
