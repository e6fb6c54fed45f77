"""Handles events from the inbox in batches: parses each event and applies it to its call."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog
from redis.exceptions import RedisError

from bridge.askelephant.models import EngagementNews, WebhookEvent
from bridge.askelephant.webhook import TRANSCRIPT_READY, parse_webhook
from bridge.broker.publisher import publish_next
from bridge.domain.call import Call, new_call
from bridge.domain.events import CallHeard, EventRefused, Noted, TranscriptReady
from bridge.domain.timeline import EntryKind
from bridge.errors import DamagedRecordError, EventError, NewerRecordError
from bridge.pipeline.attempt import FOR_NEWER
from bridge.pipeline.extras import hear_extras
from bridge.pipeline.record import Happened, apply_events
from bridge.reasons import Reason
from bridge.services import Services
from bridge.store.changes import Saved
from bridge.store.inbox import Entry
from bridge.store.refusal import REFUSAL, read_refusal
from bridge.wavv.events import parse_event
from bridge.wavv.names import event_kind

BATCH = 100
NO_CALL_YET = "No call has this engagement. The event waits for a call that gets it."
IGNORED, PARKED = "ignored.", "parked."
"""Prefixes of the outcomes of events that change no call.

A parked event is a transcript event that waits until the call of its engagement is known.
"""

TRIES = 3
NOTED = {
    "v1.engagement.updated": EntryKind.ENGAGEMENT_UPDATED,
    "v1.engagement.deleted": EntryKind.ENGAGEMENT_DELETED,
}

log = structlog.get_logger(__name__)
Event = CallHeard | EventRefused | TranscriptReady | Noted
MAKES_CALL = CallHeard | EventRefused
"""The events that create the record of the call if there is none."""


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """An event of the call ``call_id``, parsed from an inbox entry.

    ``slug`` is the outcome to store if there is no record of the call.
    """

    entry: Entry
    call_id: str
    event: Event
    slug: str | None = None


Outcomes = dict[str, str | None]
"""Outcomes of handled inbox entries by id: a slug if the entry changed no call, else ``None``."""


def drain(services: Services) -> int:
    """Handle one batch of events from the inbox; return the number of events.

    Raises ``RedisError`` if Redis is unreachable. The events then stay pending for a later drain.
    """
    entries = services.inbox.take(BATCH)
    outcomes: Outcomes = {}
    try:
        parsed = interpret(services, entries, outcomes)
        for broken in apply(services, parsed, outcomes):
            apply(services, [broken], outcomes)
    finally:
        handled = [entry for entry in entries if entry.id in outcomes]
        slugs = {entry_id: slug for entry_id, slug in outcomes.items() if slug is not None}
        if handled and not services.inbox.done(handled, slugs):
            # Redis failed over or restarted during the batch: saves of calls may be lost.
            log.warning(
                "events.not_acknowledged",
                count=len(handled),
                detail="Redis restarted or failed over. The events are repeated in 30 seconds.",
            )
    return len(entries)


def interpret(
    services: Services, entries: Sequence[Entry], outcomes: Outcomes
) -> list[ParsedEvent]:
    """Parse inbox entries; return the events that belong to a call, in order.

    The outcomes of the other entries are added to ``outcomes``.
    """
    parsed: dict[str, ParsedEvent] = {}
    webhooks: dict[str, tuple[Entry, WebhookEvent]] = {}
    for entry in entries:
        with _guarded(services, [entry]):
            if entry.source == "askelephant":
                webhooks[entry.id] = entry, parse_webhook(entry.raw)
            elif (found := READERS[entry.source](services, entry, outcomes)) is not None:
                parsed[entry.id] = found
    heard = _of_askelephant(services, [*webhooks.values()], outcomes)
    parsed |= {one.entry.id: one for one in heard}
    return [parsed[entry.id] for entry in entries if entry.id in parsed]


def apply(
    services: Services, parsed: Sequence[ParsedEvent], outcomes: Outcomes
) -> list[ParsedEvent]:
    """Apply the events to their calls and save the calls; return the events to apply one by one.

    If one of several events of a call raises, all events of this call are returned. The caller then
    applies each of them alone, so that the others are saved. An event that raises alone stays
    pending, or becomes a dead letter.
    """
    by_call = defaultdict[str, list[ParsedEvent]](list)
    for one in parsed:
        by_call[one.call_id].append(one)
    now = services.now()
    results = apply_events(services, [
        Happened(
            call=new_call(call_id, now),
            events=[one.event for one in events],
            needs_call=not any(isinstance(one.event, MAKES_CALL) for one in events),
        )
        for call_id, events in by_call.items()
    ])  # fmt: skip
    due: list[Call] = []
    again: list[ParsedEvent] = []
    for events, result in zip(by_call.values(), results, strict=True):
        if isinstance(result, Exception) and len(events) > 1:
            again += events
            continue
        with _guarded(services, [one.entry for one in events]):
            if isinstance(result, Exception):
                raise result
            due += _settle(services, events, result, outcomes)
    publish_next(services.publisher, due, now, services.policy.countdown_limit)
    return again


def _settle(
    services: Services, events: Sequence[ParsedEvent], saved: Saved, outcomes: Outcomes
) -> list[Call]:
    """Log the events of a call, and add the outcome of each event to ``outcomes``.

    Returns a list with the call if its due time has changed, else an empty list.
    """
    call, before = saved.after, saved.before
    for one in events:
        if call is not None:
            _log(one)
        outcome, keep = one.slug, services.settings.event_retention
        if call is None and isinstance(one.event, TranscriptReady):
            engagement_id = one.event.engagement_id
            services.lookup.park(engagement_id, one.entry.id, keep)
            log.info("event.parked", engagement_id=engagement_id, detail=NO_CALL_YET,
                     **_ids(one.entry))  # fmt: skip
            outcome = PARKED + Reason.UNKNOWN_ENGAGEMENT
        elif call is None:
            outcome = one.slug or IGNORED + Reason.NOT_OURS
        elif isinstance(one.event, CallHeard):
            hear_extras(services, call, one.event)
        outcomes[one.entry.id] = outcome
    if call is None:
        return []
    is_new_due = before is None or (call.state, call.due_at) != (before.state, before.due_at)
    return [call] if is_new_due else []


def _read_wavv(services: Services, entry: Entry, outcomes: Outcomes) -> ParsedEvent | None:
    """Return WAVV's event from an entry. An ignored event becomes a note on the call it names."""
    event = parse_event(entry.raw, services.reading)
    if isinstance(event, CallHeard):
        return ParsedEvent(entry, event.call_id, replace(event, entry=entry.id))
    slug = IGNORED + event.reason
    log.info("event.ignored", reason=event.reason, call_id=event.call_id, entry=entry.id,
             request_id=entry.request_id)  # fmt: skip
    if event.call_id is None:
        outcomes[entry.id] = slug
        return None
    return ParsedEvent(entry, event.call_id, Noted(EntryKind.EVENT_UNKNOWN, entry.id), slug)


def _read_refusal(_services: Services, entry: Entry, _outcomes: Outcomes) -> ParsedEvent:
    """Return the event from an entry which reports that the bridge rejected an event of a call."""
    refusal = read_refusal(entry.raw)
    kind = event_kind(refusal.event or "")
    refused = EventRefused(refusal.reason, refusal.event, kind, refusal.size, entry.id)
    return ParsedEvent(entry, refusal.call_id, refused)


READERS: Mapping[str, Callable[[Services, Entry, Outcomes], ParsedEvent | None]] = {
    "wavv": _read_wavv,
    REFUSAL: _read_refusal,
}


def _of_askelephant(
    services: Services, webhooks: Sequence[tuple[Entry, WebhookEvent]], outcomes: Outcomes
) -> list[ParsedEvent]:
    """Return AskElephant's events that belong to known calls; add the outcomes of the others.

    A transcript event is matched by the id of its engagement, else by its external URL. An event of
    an edited or deleted engagement is matched by the id only, because several engagements may share
    a URL.
    """
    for workspace_id in dict.fromkeys(event.workspace_id for _, event in webhooks):
        services.workspace.learn(workspace_id)
    ids = [event.engagement.id for _, event in webhooks if event.engagement is not None]
    known = services.lookup.ids_of(ids)
    parsed: list[ParsedEvent] = []
    for entry, event in webhooks:
        about, kind = event.engagement, event.type or ""
        if about is None or kind not in {TRANSCRIPT_READY, *NOTED}:
            outcomes[entry.id] = IGNORED + Reason.UNKNOWN_EVENT
        elif kind == TRANSCRIPT_READY:
            with _guarded(services, [entry]):
                call_id = known.get(about.id) or _found_by_link(services, about, entry)
                ready = TranscriptReady(about.id, "webhook", entry.id)
                if call_id is not None:
                    parsed.append(ParsedEvent(entry, call_id, ready))
                else:
                    outcomes[entry.id] = PARKED + Reason.UNKNOWN_ENGAGEMENT
        elif about.id in known:
            parsed.append(ParsedEvent(entry, known[about.id], Noted(NOTED[kind], entry.id)))
        else:
            outcomes[entry.id] = IGNORED + Reason.NOT_OURS
    if any(event.type == TRANSCRIPT_READY for _, event in webhooks):
        services.counters.saw("webhook", services.now())
    return parsed


def _found_by_link(services: Services, about: EngagementNews, entry: Entry) -> str | None:
    """Return the id of the call whose external URL the event has, or store the event (park it).

    The event may arrive before the response to the submission. If no call is found, the event is
    parked first, and the call is then looked up once more. The submission saves its call first, and
    then reads the parked events. So one of the two always finds the other.
    """
    call = services.lookup.by_engagement(about.id, about.external_url)
    if call is None:
        services.lookup.park(about.id, entry.id, services.settings.event_retention)
        log.info("event.parked", engagement_id=about.id, detail=NO_CALL_YET, **_ids(entry))
        call = services.lookup.by_engagement(about.id, about.external_url)
    return call.call_id if call is not None else None


@contextmanager
def _guarded(services: Services, entries: Sequence[Entry]) -> Iterator[None]:
    """Log an exception in the handling of these events and do not raise it.

    The events stay pending and are delivered again after 30 seconds. After three deliveries they
    become dead letters, which an operator can requeue. An event that cannot be parsed, or whose
    call has a damaged record, becomes a dead letter at once. If a newer version of the bridge wrote
    the record of the call, the events stay pending until a worker of that version handles them.
    ``RedisError`` is raised.
    """
    try:
        yield
    except RedisError:
        raise
    except NewerRecordError as error:
        log.warning("call.written_by_newer_version", call_id=error.call_id, detail=FOR_NEWER)
        for entry in entries:
            services.inbox.leave(entry)
    except Exception as error:
        for entry in entries:
            ends = isinstance(error, EventError | DamagedRecordError) or entry.deliveries >= TRIES
            what_next = "becomes a dead letter" if ends else "is handled again in 30 seconds"
            log.exception(
                "event.handling_failed",
                deliveries=entry.deliveries,
                detail=f"The event {what_next}.",
                **_ids(entry),
            )
            if ends:
                services.inbox.move_to_dead_letters(entry, f"{type(error).__name__}: {error}")


def _ids(entry: Entry) -> dict[str, str]:
    return {"entry": entry.id, "request_id": entry.request_id}


def _log(one: ParsedEvent) -> None:
    about = {"call_id": one.call_id, **_ids(one.entry)}
    match one.event:
        case CallHeard(kind=kind):
            log.info("event.handled", kind=kind, **about)
        case TranscriptReady(engagement_id=engagement_id):
            log.info("transcript.ready", engagement_id=engagement_id, **about)
        case EventRefused(reason=reason):
            detail = "The web process rejected this event of the call; the timeline has the reason."
            log.warning("refused_event.recorded_on_timeline", reason=reason, detail=detail, **about)
        case Noted(what=what):
            log.debug("event.recorded_on_timeline", entry_kind=what, **about)
