"""The rate limit of requests to AskElephant, which all workers share."""

from datetime import UTC, datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis

from bridge.store.keys import Keys
from config.types import Rate


class RateLimit:
    """The rate limit, as a moving window in Redis. If ``rate`` is ``None``, there is no limit.

    A limit per second is lowered by a tenth, because requests that were sent over more than a
    second may arrive within one: at 50 requests per second, 53 were measured to arrive within one
    second. For longer windows the difference does not matter.
    """

    def __init__(self, redis: Redis, keys: Keys, rate: Rate | None) -> None:
        # The connection pool is given because of its timeouts. limits then reads only the scheme
        # of this URL: https://limits.readthedocs.io
        pool = redis.connection_pool
        storage = RedisStorage("redis://", connection_pool=pool, key_prefix=keys.rate_limit)
        self._window = MovingWindowRateLimiter(storage)
        self._rate: RateLimitItem | None = None
        if rate is not None:
            seconds = int(rate.per.total_seconds())
            margin = rate.requests // 10 if rate.per <= timedelta(seconds=1) else 0
            self._rate = RateLimitItemPerSecond(rate.requests - margin, seconds, namespace="rate")

    def acquire(self) -> datetime | None:
        """Count a request and return ``None``, or return when the request may be sent."""
        if self._rate is None or self._window.hit(self._rate):
            return None
        return datetime.fromtimestamp(self._window.get_window_stats(self._rate).reset_time, UTC)
