"""The clock of the sandbox, and times and ids in AskElephant's formats."""

import secrets
from datetime import MAXYEAR, MINYEAR, UTC, datetime


def clock() -> datetime:
    """Return the current time. All code of the sandbox reads the time by this function."""
    return datetime.now(UTC)


def at_text(at: datetime) -> str:
    """Format a time in UTC with milliseconds: ``2026-05-13T14:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Parse a time in ISO 8601. A time without an offset is in UTC.

    Raises ``ValueError`` for another text, and for the first and the last year of ``datetime``,
    in which adding or subtracting a duration could overflow.
    """
    at = datetime.fromisoformat(text)
    if not MINYEAR < at.year < MAXYEAR:
        raise ValueError("the year is out of range")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def new_id(prefix: str) -> str:
    """Create a random id such as ``ngmt_01F3…``: letters and digits after the prefix."""
    return f"{prefix}_01{secrets.token_hex(12).upper()}"
