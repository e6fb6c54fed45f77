"""Waiting for quiet: everything told, handled and at rest."""

import time
from collections.abc import Callable

import httpx

from bridge.domain.call import RESTING
from tests.chaos.senders import Senders
from tests.scenarios.client import Bridge, Json

LOOKS_EVERY = 0.3


def is_quiet(stats: Json, calls: int) -> bool:
    """Tell whether ``calls`` calls are all at rest, and nothing waits or is held."""
    resting = sum(stats["states"].get(state, 0) for state in RESTING)
    nothing_waits = not any(stats["overdue"].values()) and not stats["inbox"]["waiting"]
    whole = resting == calls == sum(stats["states"].values())
    return whole and nothing_waits and stats["brake"] is None


def wait_for_quiet(
    bridge: Bridge,
    senders: Senders,
    calls: int,
    within: float,
    clock: Callable[[], float] = time.monotonic,
) -> float | None:
    """Return when it became quiet, by ``clock``; ``None`` if it did not in ``within`` seconds."""
    end = clock() + within
    while clock() < end:
        if senders.is_done and (stats := _stats(bridge)) is not None and is_quiet(stats, calls):
            return clock()
        time.sleep(LOOKS_EVERY)
    return None


def _stats(bridge: Bridge) -> Json | None:
    """Return the counts; ``None`` while the bridge cannot say."""
    try:
        return bridge.stats()
    except (httpx.TransportError, AssertionError):
        return None
