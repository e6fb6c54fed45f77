"""Interleaved output, each line with the name of the process that wrote it."""

import sys
import zlib

WIDTH = 8
COLOURS = (36, 32, 35, 33, 34, 96, 92)


def print_labelled(name: str, line: str) -> None:
    """Print ``line`` behind ``name``, in the name's own colour on a terminal."""
    label = f"{name:<{WIDTH}} |"
    if sys.stdout.isatty():
        label = f"\x1b[{COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]}m{label}\x1b[0m"
    sys.stdout.write(f"{label} {line}\n")
    sys.stdout.flush()
