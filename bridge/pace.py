"""Is a worker stuck? It is when it could work, has work, and does not, look after look."""

from collections.abc import Callable
from dataclasses import dataclass

LOOKS = 6
"""So many in a row must find a worker idle beside work. They are counted, not the time between
them: a process that was paused, or a machine that slept, is not to blame."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a worker has come: tasks begun since its start, held now, running now."""

    begun: int
    held: int
    running: int


def strikes(before: int, last: Pace, now: Pace, threads: int, waiting: Callable[[], int]) -> int:
    """Return how many looks in a row have found the worker idle beside work; at ``LOOKS`` it is.

    ``waiting`` counts messages; the broker is only asked about a worker that has not moved. One
    whose threads are all busy is not idle, however long its tasks take.
    """
    if now != last or now.running >= threads or not waiting():
        return 0
    return before + 1
