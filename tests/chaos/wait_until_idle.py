"""Waits until the bridge is idle: every event sent and handled, every call at rest."""

import time
from collections.abc import Callable

import httpx

from bridge.domain.call import RESTING
from tests.chaos.senders import Senders
from tests.support.bridge_client import Bridge, Json

POLL_SECONDS = 0.3


def is_idle(stats: Json, calls: int) -> bool:
    """Return whether ``calls`` calls rest, and nothing waits, is overdue or is held."""
    nothing_waits = not any(stats["overdue"].values()) and not stats["inbox"]["waiting"]
    whole = resting(stats) == calls == sum(stats["states"].values())
    return whole and nothing_waits and stats["hold"] is None


def resting(stats: Json) -> int:
    """Return the number of calls at rest."""
    return sum(stats["states"].get(state, 0) for state in RESTING)


def wait_until_idle(
    bridge: Bridge,
    senders: Senders,
    calls: int,
    within: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float | None:
    """Return when the bridge became idle; ``None`` if no call came to rest for ``within`` seconds.

    Each call that comes to rest restarts the ``within`` seconds, so that a slow machine is not
    stuck.
    """
    most, deadline = -1, clock() + within
    while clock() < deadline:
        stats = _stats(bridge)
        if stats is not None and senders.is_done and is_idle(stats, calls):
            return clock()
        if stats is not None and resting(stats) > most:
            most, deadline = resting(stats), clock() + within
        sleep(POLL_SECONDS)
    return None


def _stats(bridge: Bridge) -> Json | None:
    """Return the statistics, or ``None`` while the bridge does not respond."""
    try:
        return bridge.stats()
    except (httpx.TransportError, AssertionError):
        return None
