"""The journal: every request received and every webhook delivery tried, oldest first, bounded."""

from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bridge.simulator.askelephant.stamps import at_text

KEPT = 50_000


@dataclass(slots=True)
class Received:
    """One request to the API. ``status`` is ``None`` until it is answered.

    ``from_gateway`` says that the response is not the API's, but of a gateway before it.
    """

    request_id: str
    at: datetime
    method: str
    path: str
    query: str
    key_id: str | None = None
    external_id: str | None = None
    unknown_behaviours: tuple[str, ...] = ()
    status: int | None = None
    answered_at: datetime | None = None
    from_gateway: bool = False


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver an event. ``status`` is ``None`` if no answer came (``error``)."""

    svix_id: str
    type: str
    engagement_id: str
    external_id: str
    attempt: int
    manner: str
    at: datetime
    status: int | None = None
    error: str | None = None
    answered_at: datetime | None = None


@dataclass(slots=True)
class Journal:
    """What the sandbox has seen and done."""

    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT))
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT))


def row(entry: Received | Delivery) -> dict[str, Any]:
    """Return an entry as JSON."""
    return {
        key: at_text(value) if isinstance(value, datetime) else value
        for key, value in asdict(entry).items()
    }
