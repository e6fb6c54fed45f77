"""How many bytes of request bodies this process holds at once.

A body counts until its request has its response. The first 64 KiB of each are free, so that an
event of usual size is accepted however many large bodies are being received: the number of
connections bounds what is free. When the rest would exceed the limit, the reception of the oldest
large body ends. A sender that is slow therefore loses its place first.
"""

from typing import TYPE_CHECKING

from bridge.errors import NotStored

if TYPE_CHECKING:
    import asyncio

IN_FLIGHT_LIMIT = 64 * 1024 * 1024
FREE = 64 * 1024


class BodiesInFlight:
    """The budget of all bodies together."""

    def __init__(self, limit: int = IN_FLIGHT_LIMIT) -> None:
        self._left = limit
        self._receiving: dict[Share, None] = {}

    def share(self) -> "Share":
        """Return the share of a request, which has received nothing yet."""
        return Share(self)

    def take(self, share: "Share", size: int) -> None:
        """Count ``size`` bytes for a share; raise ``NotStored`` if no older one can make room."""
        self._receiving.setdefault(share)
        while self._left < size:
            oldest = next(iter(self._receiving))
            oldest.evict()
            if oldest is share:
                raise bodies_full()
        self._left -= size

    def keep(self, share: "Share") -> None:
        """Exempt a share from eviction: its body is whole."""
        self._receiving.pop(share, None)

    def give_back(self, share: "Share", size: int) -> None:
        """Add the bytes of a share to the budget again."""
        self.keep(share)
        self._left += size


class Share:
    """The bytes that one request holds beyond those that are free."""

    __slots__ = ("_all", "_counted", "deadline", "is_evicted")

    def __init__(self, bodies: BodiesInFlight) -> None:
        self._all = bodies
        self._counted = 0
        self.deadline: asyncio.Timeout | None = None
        self.is_evicted = False

    def grow(self, size: int) -> None:
        """Count a body of ``size`` bytes so far. Raises ``NotStored`` when there is no room."""
        if size - FREE > self._counted:
            self._all.take(self, size - FREE - self._counted)
            self._counted = size - FREE

    def keep(self) -> None:
        """Keep the bytes until ``release``: the body is whole."""
        if self._counted:
            self._all.keep(self)

    def evict(self) -> None:
        """Make room for another body: end the reception of this one."""
        self.is_evicted = True
        self.release()
        if self.deadline is not None:
            self.deadline.reschedule(0)

    def release(self) -> None:
        """Return the bytes to the budget."""
        if self._counted or self.is_evicted:
            self._all.give_back(self, self._counted)
            self._counted = 0


def bodies_full() -> NotStored:
    """Return the refusal of a body for which there is no room. Its sender retries."""
    detail = "Too many large events are being received. Nothing was stored: send this event again."
    return NotStored("bodies_full", detail)
