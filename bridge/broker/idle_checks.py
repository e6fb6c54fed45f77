"""Decides whether a worker is stuck: messages wait, threads are free, and no task begins."""

from collections.abc import Callable
from dataclasses import dataclass

IDLE_CHECKS = 6
"""The number of checks in a row that must find a worker idle while messages wait.

Checks are counted instead of time, so that a process that was paused, or a machine that slept, does
not count as stuck.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a worker has done: tasks begun since its start, held now, and running now.

    ``held`` are the tasks that it has received and not finished, begun or not.
    """

    begun: int
    held: int
    running: int


def count_idle_checks(
    before: int, last: Progress, now: Progress, threads: int, waiting: Callable[[], int]
) -> int:
    """Return how many checks in a row have found the worker idle; at ``IDLE_CHECKS`` it is stuck.

    A worker is idle if its progress is that of the last check, a thread is free, and messages wait.
    ``waiting`` counts these in the broker; it is called only if the rest is true.
    """
    if now != last or now.running >= threads or not waiting():
        return 0
    return before + 1
