"""Writes the output of all processes to one descriptor, each line with the name of its process.

A separate thread writes the lines from a queue. So if the reader has stopped (Ctrl-S, a hung log
shipper), only this thread waits. The queue is limited in bytes. A line is dropped and counted if
the queue is full, or if the line cannot be written (full disk, closed terminal). The number of
dropped lines is reported before the next line that can be written.
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
"""The most seconds for which the program waits on exit until all lines are written."""


class Output:
    """Writes labelled lines to ``descriptor``, in the order in which they are queued. Never raises.

    Up to ``most`` bytes wait in the queue.
    """

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
        """Write the lines in the queue, for at most ``CLOSE_SECONDS``."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS)

    def __call__(self, name: str, line: str) -> None:
        """Queue ``line`` with the label ``name``. If the queue is full, drop and count the line."""
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
        """Write queued lines until the output is closed and the queue is empty.

        Reports the number of dropped lines before the next line.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closing)
                if not self._lines:
                    return
                line = self._lines.popleft()
                self._size -= len(line)
                dropped = self._dropped
            is_reported = True
            if dropped:
                label = self._label("up")
                report = f"{label} dropped {dropped} lines of output that could not be written\n"
                is_reported = self._write(report.encode(self._encoding))
            is_written = is_reported and self._write(line)
            with self._changed:
                self._dropped += (not is_written) - (dropped if is_reported else 0)

    def _write(self, line: bytes) -> bool:
        """Write the whole line, even if the reader is slow; return whether it was written.

        The line is written to the descriptor, not to ``sys.stdout``, for whose lock Python would
        wait at exit. After a line that was cut off, the next line begins with a newline.
        """
        whole = b"\n" + line if self._is_cut else line
        left = memoryview(whole)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # another program set the shared descriptor to non-blocking
                with suppress(OSError):
                    select.select([], [self._descriptor], [], 1.0)
            except OSError:
                self._is_cut = self._is_cut or len(left) < len(whole)
                return False
        self._is_cut = False
        return True


def standard_output() -> Output:
    """Create an ``Output`` to the standard output of this process, coloured on a terminal."""
    stdout = sys.stdout
    if stdout is None:  # the parent closed it; descriptor 1 may be another file now
        return Output(os.open(os.devnull, os.O_WRONLY))
    return Output(stdout.fileno(), stdout.encoding, coloured=stdout.isatty())
