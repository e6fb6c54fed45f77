"""Interleaved output, each line with the name of the process that wrote it."""

import os
import sys
import zlib

WIDTH = 8
COLOURS = (36, 32, 35, 33, 34, 96, 92)


def print_labelled(name: str, line: str) -> None:
    """Print ``line`` behind ``name``, in the name's own colour on a terminal.

    Never raises for want of a reader: the processes must be stopped in order all the same.
    """
    label = f"{name:<{WIDTH}} |"
    if sys.stdout.isatty():
        label = f"\x1b[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{label}\x1b[0m"
    try:
        sys.stdout.write(f"{label} {_printable(line)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Ctrl-C at `bridge up | tee` ends tee, too. What follows goes nowhere, as Python's
        # documentation of SIGPIPE has it: else the flush at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _printable(line: str) -> str:
    """Return ``line`` with what the terminal's encoding lacks replaced."""
    encoding = sys.stdout.encoding
    return line.encode(encoding, errors="replace").decode(encoding)
