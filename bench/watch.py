"""Measures how long after its due time a result (a record or a request) becomes visible."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from bridge.domain.call import State
from bridge.services import Services

LOOK_SECONDS = 0.01
T = TypeVar("T")


def watch(
    due: Mapping[str, float],
    visible: Callable[[Collection[str]], Iterable[str]],
    until: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> list[float]:
    """Return the seconds from the due time of each key until the key was first visible.

    ``visible`` returns the keys, out of those passed to it, that are visible now. For a key that
    never became visible, the seconds from the due time to ``until`` are returned.
    """
    waits: list[float] = []
    waiting = dict(due)
    while waiting and clock() < until:
        now = clock()
        overdue = [key for key, at in waiting.items() if at <= now]
        seen = list(visible(overdue)) if overdue else []
        now = clock()
        waits += [now - waiting.pop(key) for key in seen]
        sleep(LOOK_SECONDS)
    return waits + [max(0.0, until - at) for at in waiting.values()]


def recorded(services: Services, call_ids: Collection[str]) -> list[str]:
    """Return the ids of the calls that are in the state ``recorded`` or a later one."""
    calls = services.calls.load_readable(call_ids)
    return [call.call_id for call in calls if call.state not in {State.LIVE, State.ENDED}]


@contextmanager
def looking(look: Callable[[], T], pause: float) -> Iterator[list[T]]:
    """Run ``look`` every ``pause`` seconds in a thread. Yield the list that its results go into."""
    found: list[T] = []
    over = threading.Event()

    def run() -> None:
        is_over = False
        while not is_over:
            found.append(look())
            is_over = over.wait(pause)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            yield found
        finally:
            over.set()
        running.result()
