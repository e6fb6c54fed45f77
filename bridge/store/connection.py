"""Connections to Redis. Every one has time-outs: one frozen without closing must not hang us."""

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
    # A feature of one vendor's cloud: every new connection would ask the server for it.
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}
ASKING: dict[str, Any] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
"""For a Sentinel: there are others to ask."""


def connect(url: str) -> Redis:
    """Return a client for tasks; a command is tried three times in about half a second."""
    options = {"retry": Retry(ExponentialBackoff(cap=0.3, base=0.05), 2), **OPTIONS}
    if not is_sentinel(url):
        return Redis.from_url(url, **options)
    said = read_sentinel(url)
    sentinel = Sentinel(list(said.nodes), sentinel_kwargs=ASKING)  # type: ignore[no-untyped-call]  # theirs
    client: Redis = sentinel.master_for(said.service, **_login(said), **options)  # type: ignore[no-untyped-call]  # theirs
    return client


def connect_async(url: str) -> AsyncRedis:
    """Return a client for the ingress: it gives up sooner, for a sender waits for its answer."""
    retry = AsyncRetry(ExponentialBackoff(cap=0.1, base=0.05), 1)
    options = {"retry": retry, **OPTIONS, "socket_timeout": 2.0}
    if not is_sentinel(url):
        return AsyncRedis.from_url(url, **options)
    said = read_sentinel(url)
    sentinel = AsyncSentinel(list(said.nodes), sentinel_kwargs=ASKING)  # type: ignore[no-untyped-call]  # theirs
    client: AsyncRedis = sentinel.master_for(said.service, **_login(said), **options)
    return client


def _login(said: SentinelUrl) -> dict[str, Any]:
    return {"db": said.db, "username": said.username, "password": said.password}
