"""The sources of events: when each was last received and last refused, and why.

The ingress writes this: received events in the script of its group commit, refused ones with their
counters.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.replies import text

SOURCES = ("wavv", "askelephant")
RECEIVED, REFUSED, REASON = "received.", "refused.", "refused_reason."
"""The prefixes of a source's signs."""

HOUR = timedelta(hours=1)
REFUSALS_KEPT = 3 * HOUR
"""How long the refused events of one hour are counted after the last of them."""


@dataclass(frozen=True, slots=True)
class SourceSigns:
    """What is known of a source. ``None`` = there was no such event.

    ``received_at`` includes duplicates. ``refusals`` are the numbers of refused events by reason,
    in the present hour of the clock and the one before.
    """

    received_at: datetime | None
    refused_at: datetime | None
    refused_reason: str | None
    refusals: Mapping[str, int]


class Sources:
    """Reads the signs of the sources in one Redis."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def all(self, now: datetime) -> dict[str, SourceSigns]:
        """Return the signs of each source by its name."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(self._keys.signs)
        for source in SOURCES:
            pipe.hgetall(self._keys.refusals(source, hour((now - HOUR).timestamp())))
            pipe.hgetall(self._keys.refusals(source, hour(now.timestamp())))
        signs, *hours = pipe.execute()
        known = {text(name): text(value) for name, value in signs.items()}
        found: dict[str, SourceSigns] = {}
        for source, before, present in zip(SOURCES, hours[::2], hours[1::2], strict=True):
            refusals = Counter[str]()
            for counted in (before, present):
                refusals.update({text(reason): int(number) for reason, number in counted.items()})
            found[source] = SourceSigns(
                received_at=_time(known.get(RECEIVED + source)),
                refused_at=_time(known.get(REFUSED + source)),
                refused_reason=known.get(REASON + source),
                refusals=refusals,
            )
        return found


def hour(at: float) -> str:
    """Return the hour of a time in seconds since 1970, as in the keys of refused events."""
    return str(int(at // HOUR.total_seconds()))


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(float(value), UTC)
