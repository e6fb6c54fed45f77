"""Connections to Redis. All have timeouts, so that a frozen server does not block the bridge."""

from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import ExponentialBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import Sentinel

from config.sentinel import SentinelUrl, is_sentinel, read_sentinel

OPTIONS: dict[str, Any] = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
    "health_check_interval": 5,
    # A feature of Redis Cloud, for which redis-py sends a command on each new connection:
    # https://github.com/redis/redis-py/pull/3779
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}
SENTINEL_OPTIONS: dict[str, Any] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
"""Options of the connections to Sentinels. The timeouts are short, so that the next is tried."""


def connect(url: str) -> Redis:
    """Create a client for Celery tasks. It tries each command 3 times within about 0.5 seconds.

    https://redis.readthedocs.io/en/latest/retry.html
    """
    options = {"retry": Retry(ExponentialBackoff(cap=0.3, base=0.05), 2), **OPTIONS}
    if not is_sentinel(url):
        return Redis.from_url(url, **options)
    parsed = read_sentinel(url)
    sentinel = Sentinel(list(parsed.nodes), sentinel_kwargs=SENTINEL_OPTIONS)  # type: ignore[no-untyped-call]  # redis-py has no types here
    client: Redis = sentinel.master_for(parsed.service, **_login(parsed), **options)  # type: ignore[no-untyped-call]  # redis-py has no types here
    return client


def connect_async(url: str) -> AsyncRedis:
    """Create a client for the receiver of webhooks.

    It tries each command only twice, because the sender of a webhook waits for the result.
    """
    retry = AsyncRetry(ExponentialBackoff(cap=0.1, base=0.05), 1)
    options = {"retry": retry, **OPTIONS, "socket_timeout": 2.0}
    if not is_sentinel(url):
        return AsyncRedis.from_url(url, **options)
    parsed = read_sentinel(url)
    sentinel = AsyncSentinel(list(parsed.nodes), sentinel_kwargs=SENTINEL_OPTIONS)  # type: ignore[no-untyped-call]  # redis-py has no types here
    client: AsyncRedis = sentinel.master_for(parsed.service, **_login(parsed), **options)
    return client


def _login(url: SentinelUrl) -> dict[str, Any]:
    return {"db": url.db, "username": url.username, "password": url.password}
