"""Connections to Redis. Every one has time-outs: one frozen without closing must not hang us."""

from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

OPTIONS: dict[str, Any] = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
    "health_check_interval": 5,
    # A feature of one vendor's cloud: every new connection would ask the server for it.
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}


def connect(url: str) -> Redis:
    """Return a client for tasks; a command is tried three times in about half a second."""
    retry = Retry(ExponentialBackoff(cap=0.3, base=0.05), 2)
    return Redis.from_url(url, retry=retry, **OPTIONS)


def connect_async(url: str) -> AsyncRedis:
    """Return a client for the ingress: it gives up sooner, for a sender waits for its answer."""
    retry = AsyncRetry(ExponentialBackoff(cap=0.1, base=0.05), 1)
    return AsyncRedis.from_url(url, retry=retry, **OPTIONS | {"socket_timeout": 2.0})
