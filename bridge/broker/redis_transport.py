"""Kombu's transport for Redis with three corrections, which docs/patches.md lists.

Each mix-in class makes one correction.
"""

from contextlib import suppress
from queue import Empty
from typing import Any

from kombu.transport import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from bridge.patch_guard import guard_patch

guard_patch(
    __name__,
    redis.Channel,
    {
        "_brpop_read": "self, options",
        "_create_client": "self, asynchronous",
        "_in_poll": None,
        "_receive_one": "self, c",
        "active_queues": None,
        "basic_cancel": "self, consumer_tag",
        "pool": None,
    },
)
guard_patch(__name__, Connection, {"can_read": "self, timeout", "retry": None})

NO_RETRY = Retry(NoBackoff(), retries=0)


class _OneClient:
    """A mix-in for kombu's channels: they use one redis-py client for all commands.

    kombu 5.7 creates a redis-py client for each command. This is a fifth to a third of the cost of
    a task (docs/decisions/0024). Threads may share a client, because its connections come from a
    pool: https://redis.readthedocs.io/en/stable/advanced_features.html.

    The cost of a client: https://github.com/chrisguidry/docket/pull/461
    """

    _shared: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - kombu's signature
        if asynchronous:  # each of these holds one connection
            return super()._create_client(asynchronous=True)  # type: ignore[misc]  # kombu's channel
        shared = self._shared
        if shared is None or shared.connection_pool is not self.pool:  # type: ignore[attr-defined]  # kombu's channel
            shared = self._shared = super()._create_client()  # type: ignore[misc]  # kombu's channel
        return shared


class _ReadsLastPop:
    """A mix-in for kombu's channels: a channel that stops consuming reads its last ``BRPOP`` first.

    kombu 5.7 reads the response to this ``BRPOP`` only when the channel is closed. While a task
    still runs, this may be minutes later. Here a message in the response is requeued at once, so
    that another worker can process it.

    https://github.com/celery/celery/issues/7950
    """

    def basic_cancel(self, consumer_tag: str) -> Any:  # noqa: ANN401 - kombu's signature
        cancelled = super().basic_cancel(consumer_tag)  # type: ignore[misc]  # kombu's channel
        if self._in_poll and not self.active_queues:  # type: ignore[attr-defined]  # kombu's channel
            with suppress(Empty):
                self._brpop_read()  # type: ignore[attr-defined]  # it blocks for a second at most
        return cancelled


class _NeverBlocks:
    """A mix-in for kombu's channels: to read a broadcast neither blocks nor reconnects.

    kombu 5.7 reads broadcasts without a timeout, and redis-py 8 reconnects within this read. The
    worker would then hang on the new connection until the next broadcast.

    https://github.com/celery/kombu/pull/490
    """

    def _receive_one(self, listener: Any) -> Any:  # noqa: ANN401 - kombu's signature
        connection = listener.connection
        if connection is not None:
            connection.retry = NO_RETRY
            if not connection.can_read(timeout=0):
                raise Empty
        return super()._receive_one(listener)  # type: ignore[misc]  # kombu's channel


class Channel(_OneClient, _ReadsLastPop, _NeverBlocks, redis.Channel):
    """A channel of kombu to a single Redis server."""


class SentinelChannel(_OneClient, _ReadsLastPop, _NeverBlocks, redis.SentinelChannel):
    """A channel of kombu to the Redis primary that the Sentinels name."""


class Transport(redis.Transport):
    """The transport for broker URLs of ``redis://`` and ``rediss://``."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """The transport for broker URLs of ``sentinel://``."""

    Channel = SentinelChannel
