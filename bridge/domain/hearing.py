"""Applies WAVV's events to a call: merges their fields and sets the next state."""

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
from bridge.domain.timeline import EntryKind
from bridge.reasons import Reason

S, K = State, Kind

HEARD: Mapping[tuple[State, Kind], State] = {
    (S.LIVE, K.ENDED): S.ENDED,
    (S.LIVE, K.RECORDED): S.RECORDED,
    (S.ENDED, K.RECORDED): S.RECORDED,
    (S.UNRECORDED, K.RECORDED): S.RECORDED,
}
"""The next state for each pair of a state and a kind of WAVV event.

For any other pair the state stays, and only the metadata of the event is merged. An event can also
reopen a resting call: see ``bridge.domain.reopen``.
"""


def hear(call: Call, event: CallHeard, now: datetime, policy: Policy) -> Call:
    """Return the call after a WAVV event, with the fields of the event and the next state."""
    own = without_foreign_link(call, event)
    metadata, stamps, conflicts = merge(call.metadata, call.stamps, own)
    heard = tuple(sorted({*call.heard, event.kind}))
    extras = extras_after(call, event, metadata)
    updated = call.but(metadata=metadata, stamps=stamps, heard=heard, extra_recordings=extras)
    notes = [*dict.fromkeys((*event.notes, *conflicts))] or None
    updated = note(updated, now, event.kind, entry=event.entry, notes=notes, **event.details)
    updated = separate(note_new(call, updated, event, now), now, policy)
    state = HEARD.get((call.state, event.kind), reopened_by_news(call, updated, policy))
    if call.state not in RESTING:
        moved = enter(updated, state, now)
        return await_wavv(moved, now, policy) if is_news(call, moved) else moved
    if state is not call.state:
        return await_wavv(reopen(updated, state, now), now, policy)
    if state is S.SKIPPED:
        return updated.but(reason=skip_reason(updated.metadata, policy) or updated.reason)
    return updated.but(reason=unrecorded_reason(updated)) if state is S.UNRECORDED else updated


def hear_refusal(call: Call, event: EventRefused, now: datetime, policy: Policy) -> Call:
    """Return the call after the bridge rejected one of its events, which may be its first event.

    A rejected ``call.recorded`` still means that WAVV has a recording. If the bridge has a key for
    WAVV's API, it fetches the link from there.
    """
    details = {"reason": event.reason, "event": event.name, "size": event.size}
    updated = note(call, now, EntryKind.EVENT_REFUSED, **details, entry=event.entry)
    updated = updated.but(refused_events=call.refused_events + 1)
    if event.kind is K.RECORDED:
        updated = updated.but(metadata=call.metadata.model_copy(update={"recorded": True}))
    if call.state in {S.LIVE, S.ENDED}:
        return await_wavv(updated, now, policy)
    if call.state is not S.UNRECORDED:
        return updated
    if reopened_by_news(call, updated, policy) is S.RECORDED:
        return await_wavv(reopen(updated, S.RECORDED, now), now, policy)
    return updated.but(reason=unrecorded_reason(updated))


def unrecorded_reason(call: Call) -> Reason | None:
    """Return the reason of a call without a recording.

    Returns ``None`` if the call ended and WAVV announced no recording, as for most dials.
    """
    if call.refused_events:
        return Reason.EVENT_REFUSED
    if call.metadata.recorded:
        return Reason.RECORDING_NOT_RECEIVED
    return None if K.ENDED in call.heard else Reason.END_NOT_HEARD
