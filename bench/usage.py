"""What processes have used: CPU seconds and resident memory, from Linux' ``/proc``."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_SESSION, _TIMES, _PAGES = 3, slice(11, 15), 21
"""Places in ``/proc/<pid>/stat`` behind the command's name (proc(5)): the session, then the user
and system time of the process and of the children that it has waited for, then resident pages."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU in seconds since the processes began, memory in bytes."""

    cpu: float
    resident: int


def usage(sessions: Collection[int]) -> Usage:
    """Return what all processes of these sessions have used, children included."""
    rows = [row for row in _rows() if int(row[_SESSION]) in sessions]
    ticks = sum(int(value) for row in rows for value in row[_TIMES])
    return Usage(ticks / TICKS, sum(int(row[_PAGES]) for row in rows) * PAGE)


def _rows() -> Iterator[list[str]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            written = path.read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
        yield written.rpartition(")")[2].split()
