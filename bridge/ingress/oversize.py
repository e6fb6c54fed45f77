"""Examines bodies over the size limit: whether they are authentic, and which call they name.

Such a body is not kept: only its outline and one piece of it are in memory.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from bridge.errors import UnsignedError
from bridge.ingress.outline import Outline
from bridge.store.keys import DIGEST_SIZE

EXAMINED_LIMIT = 64 * 1024 * 1024
"""Bytes. A larger body is refused without being examined."""


class Proof(Protocol):
    """Checks that a body is authentic: ``update`` with each piece in order, then ``finish``."""

    def update(self, piece: bytes) -> None:
        """Add the next piece of the body."""

    def finish(self) -> None:
        """Raise ``UnsignedError`` if the body is not authentic."""


class Proven:
    """The proof of a body whose headers alone are sufficient, such as a shared secret."""

    def update(self, piece: bytes) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Authentic:
    """What is kept of an authentic body. ``raw`` is the body itself or its outline.

    ``key`` is the same for every re-send. ``size`` is the number of bytes of the body.
    """

    key: str
    raw: bytes
    size: int


async def examine(pieces: AsyncIterator[bytes], proof: Proof) -> Authentic | None:
    """Return the outline of a body over the limit.

    ``None`` = the body is not authentic, or larger than ``EXAMINED_LIMIT``.
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
    except UnsignedError:
        return None
    return Authentic(digest.hexdigest(), outline.text(), size)
