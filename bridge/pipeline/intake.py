"""Handling the inbox: each event is read, understood, and written onto its call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from bridge.domain.call import new_call
from bridge.domain.events import UNKNOWN, EventRefused, Noted
from bridge.errors import DamagedRecord, EventError, NewerRecord
from bridge.parts import Parts
from bridge.pipeline.correlate import hear_askelephant
from bridge.pipeline.extras import hear_extras
from bridge.pipeline.record import record
from bridge.pipeline.together import handle_together
from bridge.publisher import publish_next
from bridge.store.inbox import Entry
from bridge.store.refusal import REFUSAL, read_refusal
from bridge.wavv.events import Ignored, parse_event
from bridge.wavv.names import event_kind

BATCH = 100
TRIES = 3

log = structlog.get_logger(__name__)


def drain(parts: Parts) -> int:
    """Handle one batch of events; return how many there were."""
    entries = parts.inbox.take(BATCH)
    outcomes: dict[str, str | None] = {}
    try:
        outcomes |= dict.fromkeys(_together(parts, entries))
        for entry in entries:
            if entry.id not in outcomes:
                with bound_contextvars(entry=entry.id, request_id=entry.request_id):
                    _alone(parts, entry, outcomes)
    finally:
        handled = [entry for entry in entries if entry.id in outcomes]
        slugs = {entry_id: slug for entry_id, slug in outcomes.items() if slug is not None}
        if handled and not parts.inbox.done(handled, slugs):
            # Redis failed over or restarted since: the saves may be lost with the former primary.
            log.warning("events.left", events=len(handled), detail="handled again in 30 seconds")
    return len(entries)


def _together(parts: Parts, entries: Sequence[Entry]) -> set[str]:
    """Return the ids of those that were handled together; what breaks that is met again alone."""
    try:
        return handle_together(parts, entries)
    except RedisError:
        raise
    except Exception as error:  # noqa: BLE001 - whichever event it is, alone it stops no other
        log.info("events.parted", events=len(entries), error=type(error).__name__)
        return set()


def _alone(parts: Parts, entry: Entry, outcomes: dict[str, str | None]) -> None:
    """Handle one event. What breaks its handler three times is set aside, and stops nobody.

    Until then it stays pending and is claimed again half a minute later. Redis being away is not
    the event's fault, and is left to the next drain; nor is a call that a newer version of the
    bridge wrote: the event waits for a worker of that version, however often it must be tried. An
    event of a call whose record is damaged is a dead letter at once: kept, and put back by hand.
    """
    try:
        outcomes[entry.id] = HEARERS[entry.source](parts, entry)
    except RedisError:
        raise
    except NewerRecord as error:
        log.warning("record.newer", call_id=error.call_id)
        parts.inbox.leave(entry)
    except Exception as error:
        log.exception("event.broke_handler", deliveries=entry.deliveries)
        if entry.deliveries >= TRIES or isinstance(error, EventError | DamagedRecord):
            parts.inbox.set_aside(entry, f"{type(error).__name__}: {error}")


def hear_wavv(parts: Parts, entry: Entry) -> str | None:
    """Write WAVV's event onto its call. Return a slug if it changed none, else ``None``."""
    event = parse_event(entry.raw, parts.reading)
    if isinstance(event, Ignored):
        log.info("event.ignored", reason=event.reason)
        _note_ignored(parts, event, entry)
        return f"ignored.{event.reason}"
    heard = replace(event, entry=entry.id)
    with bound_contextvars(call_id=heard.call_id):
        log.info("event.heard", kind=heard.kind)
        call = record(parts, new_call(heard.call_id, parts.now()), heard)
        hear_extras(parts, call, heard)
        publish_next(parts.publisher, call, parts.now(), parts.policy.countdown_limit)
    return None


def _note_ignored(parts: Parts, event: Ignored, entry: Entry) -> None:
    """Note an ignored event on the call that it names, if that call is known."""
    call = parts.calls.load(event.call_id) if event.call_id else None
    if call is not None:
        record(parts, call, Noted(UNKNOWN, entry.id))


def hear_refusal(parts: Parts, entry: Entry) -> None:
    """Write onto a call that an authentic event of it was refused."""
    refusal = read_refusal(entry.raw)
    kind = event_kind(refusal.event or "")
    refused = EventRefused(refusal.reason, refusal.event, kind, refusal.size, entry.id)
    with bound_contextvars(call_id=refusal.call_id):
        log.warning("event.refusal_noted", reason=refusal.reason)
        call = record(parts, new_call(refusal.call_id, parts.now()), refused)
        publish_next(parts.publisher, call, parts.now(), parts.policy.countdown_limit)


HEARERS: Mapping[str, Callable[[Parts, Entry], str | None]] = {
    "wavv": hear_wavv,
    "askelephant": hear_askelephant,
    REFUSAL: hear_refusal,
}
