"""Sending calls at rest through again: one, or many at a pace."""

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from bridge.domain.call import Call
from bridge.domain.events import Replayed
from bridge.domain.machine import TABLE, advance
from bridge.errors import DamagedRecord, NewerRecord
from bridge.pipeline.record import log_move
from bridge.services import Services
from config.types import Rate

log = structlog.get_logger(__name__)
REPLAYABLE = frozenset(state for state, event in TABLE if event is Replayed)


def replay(
    services: Services,
    call: Call,
    is_wanted: Callable[[Call], bool] = lambda _: True,
    at: datetime | None = None,
) -> Call | None:
    """Send the call through again, not before ``at``; return it as saved.

    ``None`` if it is not at rest, or not wanted, by the time it would be saved: of two who replay
    the same call, one finds it on its way. Nothing is published: whoever is in a hurry does it, for
    all others the sweep does.
    """
    now, before = services.now(), None

    def again(found: Call | None) -> Call | None:
        nonlocal before
        is_ours = found is not None and found.state in REPLAYABLE and is_wanted(found)
        before = found if is_ours else None
        if before is None:
            return None
        return advance(before, Replayed(at), now, services.policy)

    saved = services.calls.update(call.call_id, again)
    if saved is None or before is None:
        return None
    log_move(before, saved)
    return saved


def replay_many(
    services: Services,
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
        try:
            saved = replay(services, call, is_wanted, start + len(replayed) * pace.apart)
        except (NewerRecord, DamagedRecord) as error:  # of another version, or to be repaired
            log.warning("call.not_replayed", call_id=call.call_id, error=type(error).__name__)
        else:
            replayed += [saved] if saved else []
    return replayed
