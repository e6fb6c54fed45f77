"""Examines bodies over the limit without keeping them: their authenticity and their call."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from bridge.errors import Unsigned
from bridge.ingress.outline import Outline
from bridge.store.keys import DIGEST_SIZE

EXAMINED_LIMIT = 64 * 1024 * 1024
"""A body that is larger is refused without being examined."""


class Proof(Protocol):
    """What shows that a body is authentic once all its pieces were seen."""

    def update(self, piece: bytes) -> None:
        """Take the next piece of the body into account."""

    def finish(self) -> None:
        """Raise ``Unsigned`` if the body is not authentic."""


class Proven:
    """The proof of a body whose headers are proof enough, such as a shared secret."""

    def update(self, piece: bytes) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Authentic:
    """What is kept of an authentic body: ``raw`` is the whole of it, or its outline.

    ``key`` is constant over re-sends.
    """

    key: str
    raw: bytes
    size: int


async def examine(pieces: AsyncIterator[bytes], proof: Proof) -> Authentic | None:
    """Return the outline of a body over the limit, or ``None`` if it is not authentic.

    Holds one piece at a time, and the outline.
    """
    outline, digest, size = Outline(), blake2b(digest_size=DIGEST_SIZE), 0
    async for piece in pieces:
        size += len(piece)
        if size > EXAMINED_LIMIT:
            return None
        proof.update(piece)
        digest.update(piece)
        outline.feed(piece)
    try:
        proof.finish()
    except Unsigned:
        return None
    return Authentic(digest.hexdigest(), outline.text(), size)
