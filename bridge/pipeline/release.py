"""Ends holds, which are pauses of the requests to AskElephant, by a command of the operator."""

from datetime import timedelta

import structlog

from bridge.pipeline.failure import wake_sweep
from bridge.services import Services
from bridge.store.hold import Hold

log = structlog.get_logger(__name__)


def release_holds(services: Services, scope: str | None, by: str) -> list[Hold]:
    """End every hold, or only the hold of ``scope``, and start the sweep.

    ``scope`` is ``all`` for the hold of all requests, or the name of a step. ``by`` is the name of
    the operator's API token. Returns the holds that were ended. Each of them is logged and counted.
    """
    step = "" if scope == "all" else scope
    released = services.holds.release(services.now(), step)
    for hold in released:
        log.warning("hold.released", scope=hold.step or "all", reason=hold.reason, by=by)
        services.counters.count("holds.released_by_hand")
    if released:
        wake_sweep(services, timedelta(0))
    return released
