"""Times and ids as AskElephant writes them."""

import secrets
from datetime import MAXYEAR, MINYEAR, UTC, datetime


def clock() -> datetime:
    """Return the time; the only place the sandbox takes it from."""
    return datetime.now(UTC)


def at_text(at: datetime) -> str:
    """Write a time in UTC with milliseconds: ``2026-05-13T14:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Read an ISO 8601 time; without an offset it is UTC.

    Raise ``ValueError`` if it is none, or in a year that arithmetic could leave.
    """
    at = datetime.fromisoformat(text)
    if not MINYEAR < at.year < MAXYEAR:
        raise ValueError("no time for a call")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``ngmt_01F3…``: letters and digits after the prefix."""
    return f"{prefix}_01{secrets.token_hex(12).upper()}"
