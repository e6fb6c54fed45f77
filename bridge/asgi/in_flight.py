"""Limits how many bytes of request bodies this process holds in memory at the same time.

The bytes of a body are counted until the response to its request is sent. The first 64 KiB of each
body are not counted, so that events of usual size are accepted while many large bodies are being
received. The limit of connections bounds the uncounted bytes. If the counted bytes would exceed the
limit, the request of the oldest incomplete body is refused. So slow senders are refused first.
"""

from typing import TYPE_CHECKING

from bridge.errors import NotStoredError
from bridge.reasons import Reason

if TYPE_CHECKING:
    import asyncio

IN_FLIGHT_LIMIT = 64 * 1024 * 1024
FREE = 64 * 1024


class BodiesInFlight:
    """The memory budget, in bytes, for the bodies of all requests."""

    def __init__(self, limit: int = IN_FLIGHT_LIMIT) -> None:
        self._left = limit
        self._receiving: dict[Share, None] = {}

    def share(self) -> "Share":
        """Create the share of a new request: the bytes that its body uses of the memory budget."""
        return Share(self)

    def reserve(self, share: "Share", size: int) -> None:
        """Count ``size`` more bytes for the body of one request.

        If the budget is used up, the requests with the oldest incomplete bodies are refused. Raises
        ``NotStoredError`` if this request is the oldest of them.
        """
        self._receiving.setdefault(share)
        while self._left < size:
            oldest = next(iter(self._receiving))
            oldest.evict()
            if oldest is share:
                raise bodies_full()
        self._left -= size

    def keep(self, share: "Share") -> None:
        """Protect a request whose body is complete from being refused for lack of memory."""
        self._receiving.pop(share, None)

    def release(self, share: "Share", size: int) -> None:
        """Add the bytes of one request's body to the free part of the budget."""
        self.keep(share)
        self._left += size


class Share:
    """The bytes that the body of one request uses of the memory budget."""

    __slots__ = ("_all", "_counted", "deadline", "is_evicted")

    def __init__(self, bodies: BodiesInFlight) -> None:
        self._all = bodies
        self._counted = 0
        self.deadline: asyncio.Timeout | None = None
        self.is_evicted = False

    def grow(self, size: int) -> None:
        """Count a body that has ``size`` bytes so far.

        Raises ``NotStoredError`` if the memory budget is used up.
        """
        if size - FREE > self._counted:
            self._all.reserve(self, size - FREE - self._counted)
            self._counted = size - FREE

    def keep(self) -> None:
        """Mark the body as complete: the request is no longer refused for lack of memory."""
        if self._counted:
            self._all.keep(self)

    def evict(self) -> None:
        """End the reception of this body, so that another request can use its bytes."""
        self.is_evicted = True
        self.release()
        if self.deadline is not None:
            self.deadline.reschedule(0)

    def release(self) -> None:
        """Add the body's bytes to the free part of the memory budget."""
        if self._counted or self.is_evicted:
            self._all.release(self, self._counted)
            self._counted = 0


def bodies_full() -> NotStoredError:
    """Create the error for a body without room in the memory budget. The sender retries later."""
    detail = "Too many large events are being received. Nothing was stored: send this event again."
    return NotStoredError(Reason.BODIES_FULL, detail)
