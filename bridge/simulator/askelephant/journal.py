"""The journal: the last 50,000 requests and the last 50,000 deliveries of events, oldest first."""

from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bridge.simulator.askelephant.stamps import at_text

KEPT = 50_000


@dataclass(slots=True)
class Received:
    """One request to the API. ``status`` is ``None`` until the response is sent.

    ``from_gateway`` is true if the response is a simulated gateway's and not the API's.
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
    """One attempt to deliver an event. ``error`` is set, and not ``status``, without a response."""

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
    """The requests that were received, and the deliveries that were attempted."""

    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT))
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT))


def row(entry: Received | Delivery) -> dict[str, Any]:
    """Return a journal entry as a JSON object."""
    return {
        key: at_text(value) if isinstance(value, datetime) else value
        for key, value in asdict(entry).items()
    }
