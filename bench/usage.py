"""CPU seconds and resident memory of processes, from Linux' ``/proc``."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_SESSION, _TIMES, _PAGES = 3, slice(11, 15), 21
"""Indexes in ``/proc/<pid>/stat`` after the name of the command: the session, the user and system
time of the process and of its ended children, and the resident pages. Source: proc(5).
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU in seconds since the start of the processes, and memory in bytes."""

    cpu: float
    resident: int


def usage(sessions: Collection[int]) -> Usage:
    """Return the usage of all processes of these sessions, including ended children."""
    rows = [row for row in _rows() if int(row[_SESSION]) in sessions]
    ticks = sum(int(value) for row in rows for value in row[_TIMES])
    return Usage(ticks / TICKS, sum(int(row[_PAGES]) for row in rows) * PAGE)


def _rows() -> Iterator[list[str]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            written = path.read_text()
        except (FileNotFoundError, ProcessLookupError):  # the process has ended
            continue
        yield written.rpartition(")")[2].split()
