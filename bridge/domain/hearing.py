"""What WAVV's events do to a call: fields are merged in any state, the state moves on or stays."""

from collections.abc import Mapping
from datetime import datetime

from bridge.domain.call import RESTING, Call, Kind, State
from bridge.domain.changes import enter, note, reopen
from bridge.domain.events import CallHeard, EventRefused
from bridge.domain.extras import extras_after, note_new, separate, without_foreign_link
from bridge.domain.merge import merge
from bridge.domain.policy import Policy
from bridge.domain.recording import await_wavv, is_news
from bridge.domain.reopen import reopened_by_news
from bridge.domain.rules import skip_reason

S, K = State, Kind

HEARD: Mapping[tuple[State, Kind], State] = {
    (S.LIVE, K.ENDED): S.ENDED,
    (S.LIVE, K.RECORDED): S.RECORDED,
    (S.ENDED, K.RECORDED): S.RECORDED,
    (S.UNRECORDED, K.RECORDED): S.RECORDED,
}
"""Where WAVV's events lead. Any other pair adds its metadata and leaves the state.

News in them can bring on a call that rests, too: see ``reopen``.
"""


def hear(call: Call, event: CallHeard, now: datetime, policy: Policy) -> Call:
    """Return the call after an event of WAVV's: its fields merged in, its state moved on."""
    own = without_foreign_link(call, event)
    metadata, stamps, conflicts = merge(call.metadata, call.stamps, own)
    heard = tuple(sorted({*call.heard, event.kind}))
    extras = extras_after(call, event, metadata)
    told = call.but(metadata=metadata, stamps=stamps, heard=heard, extra_recordings=extras)
    notes = [*dict.fromkeys((*event.notes, *conflicts))] or None
    told = note(told, now, event.kind, entry=event.entry, notes=notes, **event.details)
    told = separate(note_new(call, told, event, now), now, policy)
    if call.state in RESTING:
        return _hear_at_rest(call, told, event, now, policy)
    moved = enter(told, HEARD.get((call.state, event.kind), call.state), now)
    return await_wavv(moved, now, policy) if is_news(call, moved) else moved


def _hear_at_rest(call: Call, told: Call, event: CallHeard, now: datetime, policy: Policy) -> Call:
    state = HEARD.get((call.state, event.kind), reopened_by_news(call, told, policy))
    if state is not call.state:
        return await_wavv(reopen(told, state, now), now, policy)
    if state is S.SKIPPED:
        return told.but(reason=skip_reason(told.metadata, policy) or told.reason)
    return told.but(reason=unrecorded_reason(told)) if state is S.UNRECORDED else told


def hear_refusal(call: Call, event: EventRefused, now: datetime, policy: Policy) -> Call:
    """Return the call after an event of it was refused. It may be the first that is heard of it.

    A refused event of a recording says that there is one: it is looked for, if it can be.
    """
    details = {"reason": event.reason, "event": event.name, "size": event.size}
    told = note(call, now, "event.refused", **details, entry=event.entry)
    told = told.but(refused_events=call.refused_events + 1)
    if event.kind is K.RECORDED:
        told = told.but(metadata=call.metadata.model_copy(update={"recorded": True}))
    if call.state in {S.LIVE, S.ENDED}:
        return await_wavv(told, now, policy)
    if call.state is not S.UNRECORDED:
        return told
    if reopened_by_news(call, told, policy) is S.RECORDED:
        return await_wavv(reopen(told, S.RECORDED, now), now, policy)
    return told.but(reason=unrecorded_reason(told))


def unrecorded_reason(call: Call) -> str | None:
    """Return why a call has no recording; ``None`` = WAVV never said that there is one."""
    if call.refused_events:
        return "event_refused"
    if call.metadata.recorded:
        return "recording_not_received"
    return None if K.ENDED in call.heard else "end_not_heard"
