"""Interleaved output, each line with the name of the process that wrote it.

A thread writes, so that a reader that has stopped (Ctrl-S, a hung log shipper) stops nothing else.
Lines wait for it in a queue with a bound in bytes. A line that finds the queue full, or that cannot
be written (a full disk, a closed terminal), is dropped and counted; the count is written as soon as
a line can be written again.
"""

import os
import select
import sys
import threading
import zlib
from collections import deque
from contextlib import suppress
from typing import Self

WIDTH = 8
COLOURS = (36, 32, 35, 33, 34, 96, 92)
MOST_WAITING = 8 * 1024 * 1024
CLOSE_SECONDS = 2.0
"""How long the end of the program waits for a reader that has stopped."""


class Output:
    """Labelled lines, written to ``descriptor`` in the order in which they come. Never raises."""

    def __init__(
        self,
        descriptor: int,
        encoding: str = "utf-8",
        *,
        coloured: bool = False,
        most: int = MOST_WAITING,
    ) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._coloured = coloured
        self._most = most
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._is_cut = False
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what waits, unless its reader has stopped."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS)

    def __call__(self, name: str, line: str) -> None:
        """Queue ``line`` behind ``name``; drop and count it when the queue is full."""
        written = f"{self._label(name)} {line}\n".encode(self._encoding, errors="replace")
        with self._changed:
            if self._size + len(written) > self._most:
                self._dropped += 1
                return
            self._lines.append(written)
            self._size += len(written)
            self._changed.notify()

    def _label(self, name: str) -> str:
        label = f"{name:<{WIDTH}} |"
        if not self._coloured:
            return label
        return f"\x1b[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{label}\x1b[0m"

    def _run(self) -> None:
        while (line := self._next()) is not None:
            is_written = self._report_dropped() and self._write(line)
            with self._changed:
                self._dropped += not is_written

    def _next(self) -> bytes | None:
        """Return the next line; ``None`` when all are written and no more will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closing)
            if not self._lines:
                return None
            line = self._lines.popleft()
            self._size -= len(line)
            return line

    def _report_dropped(self) -> bool:
        """Write how many lines were dropped, if any were; return whether the next can be tried."""
        with self._changed:
            count = self._dropped
        if not count:
            return True
        report = f"{self._label('up')} dropped {count} lines of output that could not be written\n"
        if not self._write(report.encode(self._encoding)):
            return False
        with self._changed:
            self._dropped -= count
        return True

    def _write(self, line: bytes) -> bool:
        """Write the whole line, waiting as long as its reader does; return whether it is written.

        By the descriptor itself: at exit Python would wait for a lock of ``sys.stdout`` that a
        thread holds while it writes. The rest of a line that was cut off ends before the next.
        """
        whole = b"\n" + line if self._is_cut else line
        left = memoryview(whole)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # the descriptor is another program's, too, and set so by that
                with suppress(OSError):
                    select.select([], [self._descriptor], [], 1.0)
            except OSError:
                self._is_cut = self._is_cut or len(left) < len(whole)
                return False
        self._is_cut = False
        return True


def standard_output() -> Output:
    """Return an output to this process's standard output, coloured on a terminal."""
    stdout = sys.stdout
    if stdout is None:  # closed by our parent: its descriptor may be another file's now
        return Output(os.open(os.devnull, os.O_WRONLY))
    return Output(stdout.fileno(), stdout.encoding, coloured=stdout.isatty())
