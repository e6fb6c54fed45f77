"""The rate limit that all workers share: so many requests in any window of time, and no more."""

from datetime import UTC, datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis

from bridge.store.keys import Keys
from config.types import Rate


class RateLimit:
    """A moving window in Redis; without a rate nothing is limited."""

    def __init__(self, redis: Redis, keys: Keys, rate: Rate | None) -> None:
        # On our own pool, for its time-outs: the URL is only asked for its scheme.
        pool = redis.connection_pool
        storage = RedisStorage("redis://", connection_pool=pool, key_prefix=keys.rate_limit)
        self._window = MovingWindowRateLimiter(storage)
        self._rate = _item(rate) if rate else None

    def acquire(self) -> datetime | None:
        """Count one request and return ``None``; or return when the next one is allowed."""
        if self._rate is None or self._window.hit(self._rate):
            return None
        return datetime.fromtimestamp(self._window.get_window_stats(self._rate).reset_time, UTC)


def _item(rate: Rate) -> RateLimitItem:
    """Return the window. Of a limit per second a tenth is kept back.

    What leaves within one second may arrive within less, by some milliseconds on the way: of fifty
    a second, 53 were seen to arrive in one. A limit per minute does not feel them.
    """
    kept_back = rate.requests // 10 if rate.per <= timedelta(seconds=1) else 0
    seconds = int(rate.per.total_seconds())
    return RateLimitItemPerSecond(rate.requests - kept_back, seconds, namespace="rate")
