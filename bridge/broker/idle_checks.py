"""Whether a worker is stuck: it could work, has work, and does not, check after check."""

from collections.abc import Callable
from dataclasses import dataclass

IDLE_CHECKS = 6
"""The number of checks in a row that must find a worker idle while messages wait.

Checks are counted, not the time between them: a process that was paused is not stuck, nor is a
machine that slept.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a worker has come: tasks begun since its start, held now, running now."""

    begun: int
    held: int
    running: int


def count_idle_checks(
    before: int, last: Progress, now: Progress, threads: int, waiting: Callable[[], int]
) -> int:
    """Return how many checks in a row found the worker idle; at ``IDLE_CHECKS`` it is stuck.

    ``waiting`` counts messages; the broker is only asked about a worker that has not moved. One
    whose threads are all busy is not idle, however long its tasks take.
    """
    if now != last or now.running >= threads or not waiting():
        return 0
    return before + 1
