"""Formats the output of commands: wraps texts to the terminal's width, and shows times in UTC.

Ids and links are never cut.
"""

import shutil
import textwrap
from datetime import UTC, datetime

WIDEST = 100


def terminal_width() -> int:
    """Return the most columns of a line. Without a terminal: the variable ``COLUMNS``, else 80."""
    return min(shutil.get_terminal_size().columns, WIDEST)


def wrapped(text: str) -> list[str]:
    """Wrap a text to a paragraph with a margin of four columns. Return the lines."""
    return textwrap.wrap(text, terminal_width() - 4, break_long_words=False)


def hanging(text: str, indent: int = 22) -> list[str]:
    """Wrap a text to lines, each indented by ``indent`` columns except the first."""
    return textwrap.wrap(
        text,
        terminal_width(),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def utc(moment: str) -> str:
    """Convert a time of the API (ISO 8601) to the form ``2026-05-13 14:00:00Z``."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def shortened(text: str, width: int) -> str:
    """Shorten a text to one line of at most ``width`` columns, with ``...`` at the cut."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: max(width - 3, 0)].rstrip()}..."
