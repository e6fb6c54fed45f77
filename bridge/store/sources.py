"""The senders of webhooks (sources): when an event of each was last received or rejected, and why.

``bridge.ingress`` writes these times: for received events in the script that stores the events, and
for rejected events together with their counters.
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
"""The prefixes of the fields in which the times and the reason of a source are stored."""

HOUR = timedelta(hours=1)
REFUSALS_KEPT = 3 * HOUR
"""How long the number of rejected events of one hour is kept after the last of these events."""


@dataclass(frozen=True, slots=True)
class SourceSigns:
    """When events of a source (WAVV or AskElephant) were last received and last rejected.

    A field is ``None`` if there was no such event. ``received_at`` includes duplicates.
    ``refusals`` has the number of rejected events by reason, in the present and the last hour of
    the clock.
    """

    received_at: datetime | None
    refused_at: datetime | None
    refused_reason: str | None
    refusals: Mapping[str, int]


class Sources:
    """Reads from Redis when the last event of each source was received, and the last rejected."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def all(self, now: datetime) -> dict[str, SourceSigns]:
        """Return for each source when its events were received and rejected, by name."""
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
    """Return the hour since 1970 of ``at``, a time in seconds since 1970."""
    return str(int(at // HOUR.total_seconds()))


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(float(value), UTC)
