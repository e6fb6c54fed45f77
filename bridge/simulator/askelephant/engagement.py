"""An engagement: the sandbox's record, and its form in responses and events."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.simulator.askelephant import content
from bridge.simulator.askelephant.behaviours import Plan
from bridge.simulator.askelephant.event import Event
from bridge.simulator.askelephant.options import User
from bridge.simulator.askelephant.stamps import at_text
from bridge.simulator.askelephant.urls import normalised

PENDING, PROCESSING, COMPLETED, FAILED = "PENDING", "PROCESSING", "COMPLETED", "FAILED"
REQUIRED_KEYS = frozenset(
    {
        "object",
        "id",
        "title",
        "engagement_type",
        "processing_status",
        "is_private",
        "created_at",
        "updated_at",
    }
)

Json = dict[str, Any]


@dataclass(slots=True)
class Engagement:
    """The sandbox's record of one engagement. ``request`` is the body of the POST."""

    id: str
    request: Mapping[str, Any]
    plan: Plan
    owner: User
    is_private: bool
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    status: str = PENDING
    action_items: list[Json] = field(default_factory=list)
    signals: list[Json] = field(default_factory=list)
    transcript_event: Event | None = None
    generation: int = 0
    is_deleted: bool = False

    @property
    def external_id(self) -> str:
        """The idempotency key of the POST. No response of AskElephant's API contains it."""
        return str(self.request["external_id"])

    @property
    def seed(self) -> str:
        """The text from which the content is derived. After a deletion it is another text."""
        suffix = f"#{self.generation}" if self.generation else ""
        return self.external_id + suffix

    @property
    def external_url(self) -> str | None:
        """The link in the request. With the behaviour ``collision``, another call's link."""
        if "collision" in self.plan:
            return "https://dialer.example/calls/another-call"
        url = self.request.get("external_url")
        return normalised(url) if url is not None and "normal-url" in self.plan else url

    def change(self, now: datetime, **changes: object) -> None:
        """Set fields, and set ``updated_at`` to ``now``."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.updated_at = now


def view(engagement: Engagement) -> Json:
    """Return the JSON of the engagement in the response to a POST, in the list and in events.

    The behaviours ``sparse-answers`` and ``unknown-fields`` change its fields.
    """
    shown: Json = {
        "object": "engagement",
        "id": engagement.id,
        "title": engagement.request["title"],
        "engagement_type": engagement.request["type"],
        "data_source": "PUBLIC_API",
        "processing_status": engagement.status,
        "is_internal": False,
        "is_private": engagement.is_private,
        "external_url": engagement.external_url,
        "engagement_at": at_text(engagement.started_at),
        "start_at": at_text(engagement.started_at),
        "owner_user_id": engagement.owner.id,
        "created_at": at_text(engagement.created_at),
        "updated_at": at_text(engagement.updated_at),
    }
    if engagement.status == COMPLETED:
        seconds = content.talk_seconds(engagement.seed)
        shown["end_at"] = at_text(engagement.started_at + timedelta(seconds=seconds))
        shown["duration_seconds"] = seconds
    if "sparse-answers" in engagement.plan:
        shown = {key: value for key, value in shown.items() if key in REQUIRED_KEYS}
    if "unknown-fields" in engagement.plan:
        shown |= {"data_source": "HOLOGRAM", "x_mood": {"score": [0.4, None]}, "revision": 7}
    return shown


def expanded(engagement: Engagement, names: Collection[str], now: datetime) -> Json:
    """Return the JSON of the engagement with the expansions (such as insights) in ``names``."""
    return view(engagement) | {name: EXPANSIONS[name](engagement, now) for name in names}


EXPANSIONS: Mapping[str, Callable[[Engagement, datetime], object]] = {
    "action_items": lambda engagement, _now: engagement.action_items,
    "signals": lambda engagement, _now: engagement.signals,
    "transcript": lambda engagement, _now: (
        content.transcript(engagement.request) if engagement.status == COMPLETED else None
    ),
    "contacts": lambda engagement, _now: content.contacts(engagement.request),
    "companies": lambda engagement, _now: content.companies(engagement.request),
    "owner": lambda engagement, _now: content.user(engagement.owner),
    "media_url": lambda engagement, now: content.media_url(engagement.id, now),
    "tags": lambda engagement, _now: (
        content.tags(engagement.seed) if engagement.status == COMPLETED else []
    ),
}
"""The eight values of ``expand``, each with the function that returns the added member."""
