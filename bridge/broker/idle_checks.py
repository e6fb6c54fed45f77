"""Decides whether a worker is stuck: messages wait, threads are free, and no task begins."""

from collections.abc import Callable
from dataclasses import dataclass

IDLE_CHECKS = 6
"""A worker is stuck if this number of checks in a row finds it idle while messages wait.

Checks are counted, and not time, so that a paused process or a machine that slept does not count as
stuck.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """The numbers of a worker's tasks: begun since its start, unfinished now, and running now.

    ``held`` counts all tasks that the worker has received and not finished.
    """

    begun: int
    held: int
    running: int


def count_idle_checks(
    before: int, last: Progress, now: Progress, threads: int, waiting: Callable[[], int]
) -> int:
    """Return how many checks in a row have found the worker idle; at ``IDLE_CHECKS`` it is stuck.

    ``before`` is the number before this check. A worker is idle if its progress has not changed
    since the last check, a thread is free, and messages wait. ``waiting`` counts the messages in
    the broker. It is only called if the other conditions are true.
    """
    if now != last or now.running >= threads or not waiting():
        return 0
    return before + 1
