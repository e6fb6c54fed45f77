"""Sending calls at rest through again: one, or many at a pace."""

from collections.abc import Callable, Iterable
from datetime import datetime

from bridge.domain.call import Call
from bridge.domain.events import Replayed
from bridge.domain.machine import TABLE, advance
from bridge.parts import Parts
from bridge.pipeline.newer import leaving_newer
from bridge.pipeline.record import tell_move
from config.types import Rate

REPLAYABLE = frozenset(state for state, event in TABLE if event is Replayed)


def replay(
    parts: Parts,
    call: Call,
    is_wanted: Callable[[Call], bool] = lambda _: True,
    at: datetime | None = None,
) -> Call | None:
    """Send the call through again, not before ``at``; return it as saved.

    ``None`` if it is not at rest, or not wanted, by the time it would be saved: of two who replay
    the same call, one finds it on its way. Nothing is published: whoever is in a hurry does it, for
    all others the sweep does.
    """
    now, was, is_ours = parts.now(), call.state, False

    def again(found: Call | None) -> Call | None:
        nonlocal was, is_ours
        is_ours = found is not None and found.state in REPLAYABLE and is_wanted(found)
        if found is None or not is_ours:
            return None
        was = found.state
        return advance(found, Replayed(at), now, parts.policy)

    saved = parts.calls.update(call.call_id, again)
    if saved is None or not is_ours:
        return None
    tell_move(saved, was)
    return saved


def replay_many(
    parts: Parts,
    calls: Iterable[Call],
    is_wanted: Callable[[Call], bool],
    pace: Rate,
    start: datetime,
) -> list[Call]:
    """Replay the calls, due from ``start`` on at ``pace``; return those that were.

    Only due times are written, and the sweep publishes: thousands of messages would lie in workers'
    memory, and the run would end with the process that paces it.
    """
    replayed: list[Call] = []
    for call in calls:
        with leaving_newer():
            saved = replay(parts, call, is_wanted, start + len(replayed) * pace.apart)
            replayed += [saved] if saved else []
    return replayed
