"""Celery's way to Redis, with one client for each channel, that keeps nothing it cannot deliver.

Kombu 5.7 makes a client of redis-py anew for every command, a fifth to a third of what a task costs
(docs/decisions/0024). Clients are safe to share between threads: connections come from the pool.
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
    """Mixed into kombu's channels: a client is made for each pool, not for each command.

    What a client costs: https://github.com/chrisguidry/docket/pull/461
    """

    _shared: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - kombu's signature
        if asynchronous:  # these hold a connection of their own
            return super()._create_client(asynchronous=True)  # type: ignore[misc]  # kombu's channel
        shared = self._shared
        if shared is None or shared.connection_pool is not self.pool:  # type: ignore[attr-defined]  # kombu's channel
            shared = self._shared = super()._create_client()  # type: ignore[misc]  # kombu's channel
        return shared


class _GivesBack:
    """Mixed into kombu's channels: who takes no more has its last question answered first.

    Kombu 5.7 reads that answer when the channel is closed, minutes later if a task takes so long. A
    message in it belongs to another worker: with nobody here to take it, it goes back.

    https://github.com/celery/celery/issues/7950
    """

    def basic_cancel(self, consumer_tag: str) -> Any:  # noqa: ANN401 - kombu's signature
        cancelled = super().basic_cancel(consumer_tag)  # type: ignore[misc]  # kombu's channel
        if self._in_poll and not self.active_queues:  # type: ignore[attr-defined]  # kombu's channel
            with suppress(Empty):
                self._brpop_read()  # type: ignore[attr-defined]  # it blocks for a second at most
        return cancelled


class _WaitsForNone:
    """Mixed into kombu's channels: no broadcast is waited for, and a dead connection is an error.

    Kombu 5.7 reads when a connection is readable, without a time-out, and redis-py 8 connects again
    by itself within that: the worker then hung on a new connection until somebody broadcast.

    https://github.com/celery/kombu/pull/490
    """

    def _receive_one(self, listener: Any) -> Any:  # noqa: ANN401 - kombu's signature
        connection = listener.connection
        if connection is not None:
            connection.retry = NO_RETRY
            if not connection.can_read(timeout=0):
                raise Empty
        return super()._receive_one(listener)  # type: ignore[misc]  # kombu's channel


class Channel(_OneClient, _GivesBack, _WaitsForNone, redis.Channel):
    """A channel to one Redis."""


class SentinelChannel(_OneClient, _GivesBack, _WaitsForNone, redis.SentinelChannel):
    """A channel to the primary that the Sentinels know."""


class Transport(redis.Transport):
    """For ``redis://`` and ``rediss://``."""

    Channel = Channel


class SentinelTransport(redis.SentinelTransport):
    """For ``sentinel://``."""

    Channel = SentinelChannel
