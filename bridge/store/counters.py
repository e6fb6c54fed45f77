"""Counters of all processes since the bridge was installed, and last-seen times of some events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from redis import Redis

from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text

LISTED_AGENTS = 1000
LISTED_FOR = timedelta(days=30)
WITHOUT_EXPIRY = -1
"""Redis' TTL of a key that never expires: https://redis.io/docs/latest/commands/ttl/."""


class Counters:
    """Counters and last-seen times in Redis."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._count_listed = redis.register_script(script("count_listed"))

    def count(self, name: str) -> None:
        """Add one to the counter ``name``, a slug such as ``engagements.created``."""
        self._redis.hincrby(self._keys.counters, name, 1)

    def all(self) -> dict[str, int]:
        """Return the values of all counters by name."""
        counted = self._redis.hgetall(self._keys.counters)
        return {text(name): int(value) for name, value in sorted(counted.items())}

    def count_unmapped_agents(self, agents: Sequence[str], keep: timedelta = LISTED_FOR) -> None:
        """Add one call to the count of each agent, none of which is in the agents file.

        ``agents`` are WAVV user ids, or phone lines of calls without a user id. At most 1,000
        agents are listed, because a dialer may send a new id with each call. When the list is full,
        only listed agents are counted. The whole list is deleted ``keep`` after its first agent was
        added, because phone lines are personal data.
        """
        if agents:
            args: list[str | int] = [LISTED_AGENTS, int(keep.total_seconds()), *agents]
            self._count_listed(keys=[self._keys.unmapped_agents], args=args)

    def expire_unmapped_agents(self, keep: timedelta) -> None:
        """Set the expiry of the list of agents if an earlier version of the bridge stored the list.

        Earlier versions did not set an expiry.
        """
        if self._redis.ttl(self._keys.unmapped_agents) == WITHOUT_EXPIRY:
            self._redis.expire(self._keys.unmapped_agents, keep)

    def unmapped_agents(self) -> dict[str, int]:
        """Return the number of calls by agent, for agents that are not in the agents file."""
        counted = self._redis.hgetall(self._keys.unmapped_agents)
        return {text(agent): int(value) for agent, value in sorted(counted.items())}

    def saw(self, sign: str, now: datetime) -> None:
        """Store ``now`` as the last time at which ``sign``, a named observation, was made.

        The signs are ``webhook`` and ``poll`` (a transcript was found that way), ``sweep`` (a sweep
        was completed), ``wavv_answered`` (WAVV's API accepted our key) and ``wavv_refused`` (WAVV's
        API rejected our key).
        """
        self._redis.hset(self._keys.signs, sign, now.timestamp())

    def last_saw(self, sign: str) -> datetime | None:
        """Return when ``sign``, an observation such as ``sweep``, was last made, or ``None``."""
        value = self._redis.hget(self._keys.signs, sign)
        return None if value is None else datetime.fromtimestamp(float(value), UTC)
