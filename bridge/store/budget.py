"""The budget of requests that all workers share: so many in any window of time, and no more."""

from datetime import UTC, datetime

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis

from bridge.store.keys import Keys
from config.types import Rate


class Budget:
    """A moving window in Redis; without a rate everything is within it."""

    def __init__(self, redis: Redis, keys: Keys, rate: Rate | None) -> None:
        # On our own pool, for its time-outs: the URL is only asked for its scheme.
        pool = redis.connection_pool
        storage = RedisStorage("redis://", connection_pool=pool, key_prefix=keys.budget)
        self._window = MovingWindowRateLimiter(storage)
        self._rate = _item(rate) if rate else None

    def spend(self) -> datetime | None:
        """Take one request out of the budget; or return when there is something in it again."""
        if self._rate is None or self._window.hit(self._rate):
            return None
        return datetime.fromtimestamp(self._window.get_window_stats(self._rate).reset_time, UTC)


def _item(rate: Rate) -> RateLimitItem:
    return RateLimitItemPerSecond(rate.requests, int(rate.per.total_seconds()), namespace="rate")
