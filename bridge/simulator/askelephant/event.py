"""An event of an engagement, as AskElephant sends it to a webhook endpoint."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.simulator.askelephant.stamps import at_text, new_id

TRANSCRIPT_READY = "v1.engagement.transcript_timeline.completed"
CREATED = "v1.engagement.created"
UPDATED = "v1.engagement.updated"
DELETED = "v1.engagement.deleted"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``body`` is serialised once, so that each re-send has the same bytes."""

    svix_id: str
    type: str
    engagement_id: str
    external_id: str
    body: str


def make_event(
    kind: str, shown: Mapping[str, Any], external_id: str, workspace_id: str, now: datetime
) -> Event:
    """Create an event about the engagement whose JSON is ``shown``.

    The caller leaves out expanded fields and the ``external_id``, which AskElephant's events lack.
    """
    data: dict[str, Any] = {"object": shown}
    if kind == UPDATED:
        data["previous_attributes"] = {}
    envelope = {
        "id": new_id("evt"),
        "type": kind,
        "api_version": "v1",
        "created_at": at_text(now),
        "workspace_id": workspace_id,
        "data": data,
    }
    return Event(new_id("msg"), kind, shown["id"], external_id, json.dumps(envelope))
