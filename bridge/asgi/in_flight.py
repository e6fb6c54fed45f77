"""Limits how many bytes of request bodies this process holds at the same time.

A body counts from its first byte until the response to its request. The first 64 KiB of each body
are not counted, so an event of usual size is accepted however many large bodies are being received;
the limit of connections bounds those bytes. If the counted bytes would exceed the limit, reception
of the oldest large body ends. Slow senders are therefore refused first.
"""

from typing import TYPE_CHECKING

from bridge.errors import NotStoredError
from bridge.reasons import Reason

if TYPE_CHECKING:
    import asyncio

IN_FLIGHT_LIMIT = 64 * 1024 * 1024
FREE = 64 * 1024


class BodiesInFlight:
    """The budget of bytes for the bodies of all requests."""

    def __init__(self, limit: int = IN_FLIGHT_LIMIT) -> None:
        self._left = limit
        self._receiving: dict[Share, None] = {}

    def share(self) -> "Share":
        """Return the share of a request, which has received nothing yet."""
        return Share(self)

    def reserve(self, share: "Share", size: int) -> None:
        """Count ``size`` more bytes for a share, and evict the oldest incomplete shares if needed.

        Raises ``NotStoredError`` if that frees too little.
        """
        self._receiving.setdefault(share)
        while self._left < size:
            oldest = next(iter(self._receiving))
            oldest.evict()
            if oldest is share:
                raise bodies_full()
        self._left -= size

    def keep(self, share: "Share") -> None:
        """Exempt a share from eviction, because its body is complete."""
        self._receiving.pop(share, None)

    def release(self, share: "Share", size: int) -> None:
        """Return the bytes of a share to the budget."""
        self.keep(share)
        self._left += size


class Share:
    """The counted bytes of one request's body."""

    __slots__ = ("_all", "_counted", "deadline", "is_evicted")

    def __init__(self, bodies: BodiesInFlight) -> None:
        self._all = bodies
        self._counted = 0
        self.deadline: asyncio.Timeout | None = None
        self.is_evicted = False

    def grow(self, size: int) -> None:
        """Count a body of ``size`` bytes so far. Raises ``NotStoredError`` without room for it."""
        if size - FREE > self._counted:
            self._all.reserve(self, size - FREE - self._counted)
            self._counted = size - FREE

    def keep(self) -> None:
        """Exempt the body from eviction until ``release``, because it is complete."""
        if self._counted:
            self._all.keep(self)

    def evict(self) -> None:
        """End the reception of this body, and return its bytes for another body."""
        self.is_evicted = True
        self.release()
        if self.deadline is not None:
            self.deadline.reschedule(0)

    def release(self) -> None:
        """Return the bytes to the budget."""
        if self._counted or self.is_evicted:
            self._all.release(self, self._counted)
            self._counted = 0


def bodies_full() -> NotStoredError:
    """Return the error for a body that exceeds the budget of all bodies. Its sender retries."""
    detail = "Too many large events are being received. Nothing was stored: send this event again."
    return NotStoredError(Reason.BODIES_FULL, detail)
