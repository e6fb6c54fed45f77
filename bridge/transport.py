"""Celery's way to Redis, with one client for each channel.

Kombu 5.7 makes a client of redis-py anew for every command, a fifth to a third of what a task costs
(docs/decisions/0024). Clients are safe to share between threads: connections come from the pool.
"""

from typing import Any

from kombu.transport import redis


class _OneClient:
    """Mixed into kombu's channels: a client is made for each pool, not for each command."""

    _shared: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - kombu's signature
        if asynchronous:  # these hold a connection of their own
            return super()._create_client(asynchronous=True)  # type: ignore[misc]  # kombu's channel
        shared = self._shared
        if shared is None or shared.connection_pool is not self.pool:  # type: ignore[attr-defined]  # kombu's channel
            shared = self._shared = super()._create_client()  # type: ignore[misc]  # kombu's channel
        return shared


class Channel(_OneClient, redis.Channel):
    """A channel to one Redis."""


class SentinelChannel(_OneClient, redis.SentinelChannel):
    """A channel to the primary that the Sentinels know."""


class Transport(redis.Transport):
    """For ``redis://`` and ``rediss://``."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """For ``sentinel://``."""

    Channel = SentinelChannel
