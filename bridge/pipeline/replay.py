"""Replays finished calls, so that their steps run again: one call, or many calls at a rate."""

from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from bridge.domain.call import Call
from bridge.domain.events import Replayed
from bridge.domain.machine import TABLE, advance
from bridge.errors import DamagedRecordError, NewerRecordError
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
    by: str | None = None,
) -> Call | None:
    """Make a finished call due again, not before ``at``; return the saved call.

    ``by`` is the name of the operator's API token, which the timeline shows.

    Returns ``None`` if the newest record of the call is not in a replayable state, or if
    ``is_wanted`` returns false for it. If two operators replay the call at once, one of them gets
    ``None``. The function does not publish the task of the call: the sweep or the caller does.
    """
    now, before = services.now(), None

    def again(found: Call | None) -> Call | None:
        nonlocal before
        is_ours = found is not None and found.state in REPLAYABLE and is_wanted(found)
        before = found if is_ours else None
        if before is None:
            return None
        return advance(before, Replayed(at, by), now, services.policy)

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
    by: str,
) -> list[Call]:
    """Replay calls, due from ``start`` on at the rate ``pace``; return the replayed calls.

    Only the due times are stored, and the sweep publishes each call when it is due. So messages
    with a countdown do not fill the memory of the workers, and the replay continues if this process
    ends.
    """
    replayed: list[Call] = []
    for call in calls:
        try:
            saved = replay(services, call, is_wanted, start + len(replayed) * pace.apart, by)
        except (NewerRecordError, DamagedRecordError) as error:  # of a newer version, or unreadable
            log.warning(
                "call.not_replayed",
                call_id=call.call_id,
                error=type(error).__name__,
                detail="If the record is damaged, repair it. If a newer version of the bridge "
                "wrote it, upgrade this process. Then replay the call.",
            )
        else:
            replayed += [saved] if saved else []
    return replayed
