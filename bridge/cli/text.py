"""Texts of the commands: wrapped to the terminal, times in UTC. Ids and links are never cut."""

import shutil
import textwrap
from datetime import UTC, datetime

WIDEST = 100


def terminal_width() -> int:
    """Return the columns that a line may have. Without a terminal they are ``COLUMNS``, else 80."""
    return min(shutil.get_terminal_size().columns, WIDEST)


def wrapped(text: str) -> list[str]:
    """Return the lines of a paragraph that is shown with a margin of four columns."""
    return textwrap.wrap(text, terminal_width() - 4, break_long_words=False)


def hanging(text: str, indent: int = 22) -> list[str]:
    """Return the lines of a text whose first line begins ``indent`` columns to the left."""
    return textwrap.wrap(
        text,
        terminal_width(),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def utc(moment: str) -> str:
    """Return a time of the API, which is ISO 8601, as ``2026-05-13 14:00:00Z``."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def shortened(text: str, width: int) -> str:
    """Return a text in one line of at most ``width`` columns; ``...`` stands for what is cut."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: max(width - 3, 0)].rstrip()}..."
