"""Measures CPU time and resident memory of processes, by Linux' ``/proc``."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_SESSION, _TIMES, _PAGES = 3, slice(11, 15), 21
"""Indexes of fields in ``/proc/<pid>/stat`` after the command's name, see proc(5): the session, the
user and system time of the process and of its ended children, and the resident pages.
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """The CPU time of processes since their start, in seconds, and their memory, in bytes."""

    cpu: float
    resident: int


def usage(sessions: Collection[int]) -> Usage:
    """Return CPU and memory of all processes in these sessions, including ended children."""
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
