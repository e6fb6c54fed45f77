"""AskElephant's events: finding the call that each is about."""

import structlog
from structlog.contextvars import bound_contextvars

from bridge.askelephant.models import EngagementNews
from bridge.askelephant.webhook import TRANSCRIPT_READY, parse_webhook
from bridge.domain.call import Call
from bridge.domain.events import Noted, TranscriptReady
from bridge.parts import Parts
from bridge.pipeline.record import record
from bridge.publisher import publish_next
from bridge.store.inbox import Entry

NOTED = {
    "v1.engagement.updated": "engagement.updated",
    "v1.engagement.deleted": "engagement.deleted",
}

log = structlog.get_logger(__name__)


def hear_askelephant(parts: Parts, entry: Entry) -> str | None:
    """Write AskElephant's event onto its call. Return a slug if it changed none, else ``None``."""
    event = parse_webhook(entry.raw)
    if event.engagement is None or event.type not in {TRANSCRIPT_READY, *NOTED}:
        return "ignored.unknown_event"
    is_transcript = event.type == TRANSCRIPT_READY
    if is_transcript:
        parts.counters.saw("webhook", parts.now())
    about = event.engagement
    # A note concerns the engagement's own call: a link may be shared by many.
    call = parts.lookup.by_engagement(about.id, about.external_url if is_transcript else None)
    if call is None and is_transcript:
        call = _park(parts, about, entry)
    if call is None:
        return "parked.unknown_engagement" if is_transcript else "ignored.not_ours"
    with bound_contextvars(call_id=call.call_id, engagement_id=about.id):
        if is_transcript:
            _transcript_ready(parts, call, about, entry)
        else:
            record(parts, call, Noted(NOTED[event.type], entry.id))
    return None


def _park(parts: Parts, about: EngagementNews, entry: Entry) -> Call | None:
    """Keep the event until its call is known: it may be faster than the POST's own answer.

    Parked first, then looked for once more: the POST's side saves first and asks here afterwards,
    so that one of the two always finds the other.
    """
    parts.lookup.park(about.id, entry.id, parts.settings.event_retention)
    log.info("event.parked", engagement_id=about.id)
    return parts.lookup.by_engagement(about.id, about.external_url)


def _transcript_ready(parts: Parts, call: Call, about: EngagementNews, entry: Entry) -> None:
    log.info("transcript.heard")
    saved = record(parts, call, TranscriptReady(about.id, "webhook", entry.id))
    if saved.state is not call.state:
        publish_next(parts.publisher, saved, parts.now(), parts.policy.countdown_limit)
