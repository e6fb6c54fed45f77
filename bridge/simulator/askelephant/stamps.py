"""The clock of the sandbox, and times and ids as AskElephant formats them."""

import secrets
from datetime import MAXYEAR, MINYEAR, UTC, datetime


def clock() -> datetime:
    """Return the current time. The sandbox reads the time nowhere else."""
    return datetime.now(UTC)


def at_text(at: datetime) -> str:
    """Return a time as text in UTC with milliseconds: ``2026-05-13T14:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Return the time of an ISO 8601 text. A time without an offset is in UTC.

    Raises ``ValueError`` for another text, and for the first and the last year of ``datetime``,
    in which adding or subtracting a duration could overflow.
    """
    at = datetime.fromisoformat(text)
    if not MINYEAR < at.year < MAXYEAR:
        raise ValueError("the year is out of range")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def new_id(prefix: str) -> str:
    """Return a new random id such as ``ngmt_01F3…``: letters and digits after the prefix."""
    return f"{prefix}_01{secrets.token_hex(12).upper()}"
