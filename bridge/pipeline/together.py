"""Handling many events in a few round trips: load all their calls, decide, save all.

The usual case: events of calls that can be read. All else is left to be handled alone, one event
after the other: what cannot be read, what is about no call that is known, what somebody else saved
at the same time.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from structlog.contextvars import bound_contextvars

from bridge.askelephant.webhook import TRANSCRIPT_READY, parse_webhook
from bridge.domain.call import new_call
from bridge.domain.events import CallHeard, TranscriptReady
from bridge.domain.machine import advance
from bridge.parts import Parts
from bridge.pipeline.extras import hear_extras
from bridge.pipeline.record import tell_move
from bridge.publisher import publish_next
from bridge.store.calls import Change
from bridge.store.inbox import Entry
from bridge.wavv.events import parse_event

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says of a call."""

    entry: Entry
    call_id: str
    event: CallHeard | TranscriptReady


def handle_together(parts: Parts, entries: Sequence[Entry]) -> set[str]:
    """Write what the entries say onto their calls; return the ids of those that were handled."""
    said, by_call = [*_said(parts, entries)], defaultdict[str, list[Said]](list)
    for one in said:
        by_call[one.call_id].append(one)
    changes = _decide(parts, by_call)
    handled: set[str] = set()
    for change, saved in zip(changes, parts.calls.save_many(changes), strict=True):
        if saved is not None:
            words = by_call[saved.call_id]
            _tell(parts, words, replace(change, after=saved))
            for event in (one.event for one in words if isinstance(one.event, CallHeard)):
                hear_extras(parts, saved, event)
            handled.update(one.entry.id for one in words)
    if any(isinstance(one.event, TranscriptReady) for one in said if one.entry.id in handled):
        parts.counters.saw("webhook", parts.now())
    return handled


def _said(parts: Parts, entries: Sequence[Entry]) -> Iterator[Said]:
    for entry in entries:
        if entry.source == "wavv":
            heard = parse_event(entry.raw, parts.reading)
            if isinstance(heard, CallHeard):
                yield Said(entry, heard.call_id, replace(heard, entry=entry.id))
    yield from _said_by_askelephant(parts, [one for one in entries if one.source == "askelephant"])


def _said_by_askelephant(parts: Parts, entries: Sequence[Entry]) -> Iterator[Said]:
    events = [(entry, parse_webhook(entry.raw)) for entry in entries]
    for workspace_id in dict.fromkeys(event.workspace_id for _, event in events):
        parts.workspace.learn(workspace_id)
    ready = {
        entry: event.engagement.id
        for entry, event in events
        if event.type == TRANSCRIPT_READY and event.engagement is not None
    }
    known = parts.lookup.ids_of([*ready.values()])
    for entry, engagement_id in ready.items():
        if engagement_id in known:
            event = TranscriptReady(engagement_id, "webhook", entry.id)
            yield Said(entry, known[engagement_id], event)


def _decide(parts: Parts, by_call: Mapping[str, Sequence[Said]]) -> list[Change]:
    now, found = parts.now(), {call.call_id: call for call in parts.calls.load_many(by_call)}
    changes = []
    for call_id, words in by_call.items():
        call = found.get(call_id)
        if call is None and not any(isinstance(one.event, CallHeard) for one in words):
            continue  # forgotten since: only WAVV's word makes a call
        call = call or new_call(call_id, now)
        for one in words:
            call = advance(call, one.event, now, parts.policy)
        changes.append(Change(found.get(call_id), call))
    return changes


def _tell(parts: Parts, words: Sequence[Said], change: Change) -> None:
    saved, before = change.after, change.before or new_call(change.after.call_id, parts.now())
    with bound_contextvars(call_id=saved.call_id):
        for one in words:
            _log(one)
        tell_move(saved, before.state)
        if (saved.state, saved.due_at) != (before.state, before.due_at):
            publish_next(parts.publisher, saved, parts.now(), parts.policy.countdown_limit)


def _log(one: Said) -> None:
    about = {"entry": one.entry.id, "request_id": one.entry.request_id}
    if isinstance(one.event, CallHeard):
        log.info("event.heard", kind=one.event.kind, **about)
    else:
        log.info("transcript.heard", engagement_id=one.event.engagement_id, **about)
