"""Examines bodies over the size limit: whether they are authentic, and which call they are about.

Only the outline (a small copy) of such a body and one piece of the body are in memory.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from bridge.errors import UnsignedError
from bridge.ingress.outline import Outline
from bridge.store.keys import DIGEST_SIZE

EXAMINED_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest body that is examined. A larger one is refused at once."""


class Proof(Protocol):
    """Checks that a body is authentic: ``update`` for each piece in order, then ``finish``."""

    def update(self, piece: bytes) -> None:
        """Add the next piece of the body."""

    def finish(self) -> None:
        """Raise ``UnsignedError`` if the body is not authentic."""


class Proven:
    """The proof for a request that is already authenticated by a shared secret in its headers."""

    def update(self, piece: bytes) -> None:
        """Do nothing: the body needs no further check."""

    def finish(self) -> None:
        """Do nothing: the request is already authenticated."""


@dataclass(frozen=True, slots=True)
class Authentic:
    """A refused body that is authentic. ``raw`` is the body itself or its outline (a small copy).

    ``key`` is the same for each re-delivery. ``size`` is the number of bytes of the whole body.
    """

    key: str
    raw: bytes
    size: int


async def examine(pieces: AsyncIterator[bytes], proof: Proof) -> Authentic | None:
    """Read a body over the limit, and return its outline (a small copy).

    Return ``None`` if the body is not authentic, or larger than ``EXAMINED_LIMIT``.
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
