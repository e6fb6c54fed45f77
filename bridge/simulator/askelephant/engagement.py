"""An engagement as the sandbox holds it, and the faces it shows: plain, or expanded."""

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
    """One engagement. Changes while it is processed; ``request`` is the body that made it."""

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
        """The idempotency key. Answers never show it."""
        return str(self.request["external_id"])

    @property
    def seed(self) -> str:
        """What its content depends on: another engagement of the same call has other insights."""
        suffix = f"#{self.generation}" if self.generation else ""
        return self.external_id + suffix

    @property
    def external_url(self) -> str | None:
        """The caller's own link; on a ``collision`` it is another call's."""
        if "collision" in self.plan:
            return "https://dialer.example/calls/another-call"
        url = self.request.get("external_url")
        return normalised(url) if url is not None and "normal-url" in self.plan else url

    def change(self, now: datetime, **changes: object) -> None:
        """Set fields, and ``updated_at`` with them."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.updated_at = now


def view(engagement: Engagement) -> Json:
    """Return the engagement as the create answer, the list and the events show it."""
    face: Json = {
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
        face["end_at"] = at_text(engagement.started_at + timedelta(seconds=seconds))
        face["duration_seconds"] = seconds
    return _disguised(face, engagement.plan)


def expanded(engagement: Engagement, names: Collection[str], now: datetime) -> Json:
    """Return the engagement with the asked-for expansions."""
    face = view(engagement)
    for name in names:
        face[name] = EXPANSIONS[name](engagement, now)
    return face


def _transcript(engagement: Engagement, _now: datetime) -> str | None:
    return content.transcript(engagement.request) if engagement.status == COMPLETED else None


def _tags(engagement: Engagement, _now: datetime) -> list[Json]:
    return content.tags(engagement.seed) if engagement.status == COMPLETED else []


EXPANSIONS: Mapping[str, Callable[[Engagement, datetime], object]] = {
    "action_items": lambda engagement, _now: engagement.action_items,
    "signals": lambda engagement, _now: engagement.signals,
    "transcript": _transcript,
    "contacts": lambda engagement, _now: content.contacts(engagement.request),
    "companies": lambda engagement, _now: content.companies(engagement.request),
    "owner": lambda engagement, _now: content.user(engagement.owner),
    "media_url": lambda engagement, now: content.media_url(engagement.id, now),
    "tags": _tags,
}
"""The eight values of ``expand``, and what each shows."""


def _disguised(face: Json, plan: Plan) -> Json:
    """Apply the behaviours that change what an answer looks like, not what it means."""
    if "sparse-answers" in plan:
        face = {key: value for key, value in face.items() if key in REQUIRED_KEYS}
    if "unknown-fields" in plan:
        face |= {"data_source": "HOLOGRAM", "x_mood": {"score": [0.4, None]}, "revision": 7}
    return face
