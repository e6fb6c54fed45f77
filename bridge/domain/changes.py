"""Changes to a call that many events make: add a timeline entry, set the state, reopen the call."""

from datetime import datetime
from typing import Any

from bridge.domain.call import RESTING, Call, Kind, State
from bridge.domain.timeline import EntryKind, extend

RECOVERED: dict[str, Any] = {
    "failures": 0,
    "failing_since": None,
    "missing": 0,
    "missing_since": None,
}
"""The fields of a call that are reset when a step has succeeded."""


def note(call: Call, now: datetime, what: EntryKind | Kind, **details: object) -> Call:
    """Return the call with an entry of the kind ``what`` added to its timeline."""
    return call.but(updated_at=now, timeline=extend(call.timeline, now, what, **details))


def enter(call: Call, target: State, now: datetime) -> Call:
    """Return the call in the state ``target``, with the fields of its former state reset."""
    if target is call.state:
        return call
    due_at = None if target in RESTING else call.due_at
    fresh: dict[str, Any] = {"held": False, "reason": None, "due_at": due_at}
    if target in RESTING:
        fresh["rules_overruled"] = False
    return call.but(state=target, state_since=now, **fresh, **RECOVERED)


def reopen(call: Call, target: State, now: datetime) -> Call:
    """Return a call of a final state in the state ``target``; the timeline names the former one."""
    noted = note(call, now, EntryKind.CALL_REOPENED, was=call.state, reason=call.reason)
    return enter(noted, target, now).but(problem=None, request=None, looks=0, polls=0)
