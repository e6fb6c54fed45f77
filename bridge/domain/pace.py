"""A pace: how many calls leave in a time, and when each of them is due."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_WRITTEN = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?)(?:/(?P<unit>[smh]))?", re.ASCII)
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600}
FASTEST = timedelta(seconds=0.01)
"""A hundred calls a second: no sweep publishes more."""

SLOWEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """One call per ``interval``."""

    interval: timedelta

    def due(self, start: datetime, place: int) -> datetime:
        """Return when the call at ``place``, counted from 0, is due."""
        return start + place * self.interval


def read_pace(written: object) -> Pace:
    """Read ``60/m``, ``1/s``, ``500/h`` or a number of calls per second.

    Raises ``ValueError`` for anything else, and for a pace outside of 1 an hour to 100 a second.
    """
    match = _WRITTEN.fullmatch(str(written))
    number = float(match["number"]) if match else 0.0
    if match is None or not number:
        raise ValueError("must be such as 60/m, 1/s, 500/h, or a number of calls per second")
    interval = timedelta(seconds=min(_SECONDS[match["unit"]] / number, 2 * 3600))
    if not FASTEST <= interval <= SLOWEST:
        raise ValueError("must be between 1/h and 100/s")
    return Pace(interval)
