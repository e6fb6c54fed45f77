"""Fills a store with up to a million calls, many in one round trip to Redis.

The state machine creates the records from real events, so that sizes and indexes are realistic.
Sending the events over HTTP instead would need hours.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bench.payloads import bodies
from bench.settings import NAMESPACE
from bridge.broker.publisher import publish_next
from bridge.domain import events as e
from bridge.domain.call import Call, InsightsSummary, new_call
from bridge.domain.machine import advance
from bridge.services import Services, build_services
from bridge.store.changes import Change
from bridge.wavv.events import parse_event
from config import Settings

CHUNK = 500
INSIGHTS: dict[str, Any] = {
    "action_items": [{"id": "ai_1", "title": "Send pricing proposal", "due_on": "2026-06-30"}],
    "signals": [{"id": "sg_1", "name": "Next step", "value": "A demo on Thursday"}],
}


def services_of(redis_url: str) -> Services:
    """Create the bridge's services in this process, for the store at ``redis_url``."""
    settings = Settings.model_construct(redis_url=redis_url, namespace=NAMESPACE)
    return build_services(settings)


def held_call(services: Services, until: datetime) -> Call:
    """Create a recorded call whose submission a hold of requests has deferred until ``until``."""
    return _after(services, _recorded(services), e.Deferred("outage", until, held=True))


def finished_call(services: Services) -> Call:
    """Create a complete call, with its insights fetched."""
    summary = InsightsSummary(status="all", counts={"action_items": 1, "signals": 1}, checks=1)
    return _after(services, transcribed_call(services), e.InsightsFinal(summary))


def transcribed_call(services: Services) -> Call:
    """Create a transcribed call, whose insights are not fetched yet."""
    call = _recorded(services)
    url, engagement = "wavv://call/template", "ngmt_template"
    return _after(
        services, call,
        e.SubmissionStarted("wavv-call-template", url),
        e.Submitted(engagement, created=True, request_id="req_template"),
        e.TranscriptReady(engagement, "webhook", "1780000000000-0"),
    )  # fmt: skip


def fill(
    services: Services, template: Call, count: int, insights: dict[str, Any] | None = None
) -> None:
    """Save ``count`` copies of the call ``template``, each with different ids and times."""
    for start in range(0, count, CHUNK):
        calls = [numbered(template, number) for number in range(start, min(start + CHUNK, count))]
        services.calls.save_many([Change(None, call, insights=insights) for call in calls])


def schedule_fetches(services: Services, count: int, seconds: float) -> Mapping[str, float]:
    """Save ``count`` calls whose insights become due within ``seconds``, evenly spaced.

    Also publish their messages with countdowns, as the bridge does. Return the due times by
    engagement id, in seconds of the machine's monotonic clock.
    """
    template, now, clock = transcribed_call(services), services.now(), time.monotonic()
    offsets = [seconds * (number + 1) / count for number in range(count)]
    calls = [
        numbered(template, number).but(due_at=now + timedelta(seconds=offset))
        for number, offset in enumerate(offsets)
    ]
    services.calls.save_many([Change(None, call) for call in calls])
    for call in calls:  # a countdown runs from when its message is published
        publish_next(services.publisher, [call], services.now(), services.policy.countdown_limit)
    return {
        call.engagement_id or "": clock + offset
        for call, offset in zip(calls, offsets, strict=True)
    }


def numbered(template: Call, number: int) -> Call:
    """Copy a call, with different ids, and created ``number`` milliseconds later."""
    call_id = f"01890a5d-ac96-774b-bcce-{number:012x}"
    return template.but(
        call_id=call_id,
        external_id=f"wavv-call-{call_id}" if template.external_id else None,
        external_url=f"wavv://call/{call_id}" if template.external_url else None,
        engagement_id=f"ngmt_{number:020d}" if template.engagement_id else None,
        created_at=template.created_at + timedelta(milliseconds=number),
    )


def _recorded(services: Services) -> Call:
    """Create the record of a call after its started, ended and recorded events."""
    events = (parse_event(raw, services.reading) for raw in bodies(1, seed=0))
    heard = [
        replace(event, entry=f"178000000000{number}-0")
        for number, event in enumerate(events)
        if isinstance(event, e.CallHeard)
    ]
    return _after(services, new_call(heard[0].call_id, services.now()), *heard)


def _after(services: Services, call: Call, *events: e.Event) -> Call:
    for event in events:
        call = advance(call, event, services.now(), services.policy)
    return call
