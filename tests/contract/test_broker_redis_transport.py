"""The patched Redis transport: one client for each channel, and dead connections are errors."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

import pytest
from kombu import Connection, Exchange, Queue
from redis import Redis

from bridge.broker.celery_app import BridgeCelery
from bridge.broker.redis_transport import Channel, SentinelTransport, Transport
from config import Settings
from config.broker import broker_options


@pytest.fixture
def channel(valkey_url: str) -> Iterator[Channel]:
    """Give a channel as Celery opens one."""
    with BridgeCelery(broker=valkey_url).connection_for_write() as connection:
        opened = connection.channel()
        assert isinstance(opened, Channel)
        yield opened


def _client(channel: Channel) -> Any:  # noqa: ANN401 - kombu's channels have no type
    with channel.conn_or_acquire() as client:
        return client


def test_one_client_serves_all_commands_of_a_channel(channel: Channel) -> None:
    """All commands of a channel share one client, because making one is expensive."""
    assert _client(channel) is _client(channel)
    assert _client(channel).ping()


def test_a_channel_whose_connections_were_thrown_away_has_another_client(channel: Channel) -> None:
    """After its pool was closed, as after a fork, a channel has a new client."""
    before = _client(channel)
    channel._disconnect_pools()  # type: ignore[attr-defined]  # noqa: SLF001 - kombu's, untyped
    assert _client(channel) is not before
    assert _client(channel).ping()


def test_the_blocking_read_has_a_separate_connection(channel: Channel) -> None:
    """The blocking read of messages has a separate connection."""
    assert channel.client is not _client(channel)


def test_a_message_that_arrives_during_the_stop_goes_back(valkey_url: str, redis: Redis) -> None:
    """A message that arrives while the worker stops goes back to its queue at once."""
    queue = Queue(f"test-{uuid.uuid4().hex}")
    with (
        BridgeCelery(broker=valkey_url).connection_for_read() as connection,
        BridgeCelery(broker=valkey_url).connection_for_write() as another,
        connection.Consumer([queue], callbacks=[_never]) as consumer,
    ):
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.1)
        another.Producer().publish("news", routing_key=queue.name, exchange="")
        assert redis.llen(queue.name) == 0
        consumer.cancel()
        assert redis.llen(queue.name) == 1
        redis.delete(queue.name)


@pytest.fixture
def listening(valkey_url: str) -> Iterator[Connection]:
    """Give a connection that listens to broadcasts, with the bridge's options."""
    name = f"test-{uuid.uuid4().hex}"
    queue = Queue(name, Exchange(name, type="fanout"), auto_delete=True)
    app = BridgeCelery(set_as_current=False)
    settings = Settings.model_construct(redis_url=valkey_url, namespace=name)
    app.conf.update(broker_options(settings))
    connection = app.connection_for_read()
    connection.Consumer([queue], callbacks=[_never]).consume()
    with suppress(TimeoutError):
        while True:  # until the subscriptions are confirmed
            connection.drain_events(timeout=0.1)
    yield connection
    connection.collect()


def test_a_dead_connection_for_broadcasts_is_an_error(listening: Connection, redis: Redis) -> None:
    """A dead connection for broadcasts raises, so the consumer connects again."""
    assert redis.client_kill_filter(_type="pubsub") == 1
    with pytest.raises(listening.connection_errors):
        listening.drain_events(timeout=1)


def test_reading_broadcasts_does_not_block(listening: Connection) -> None:
    """Reading broadcasts never blocks."""
    channel: Any = listening.default_channel
    with pytest.raises(Empty):
        channel._receive_one(channel.subclient)  # noqa: SLF001 - kombu's


def _never(*_: object) -> None:
    raise AssertionError("nobody takes it")


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("redis://127.0.0.1:1/0", Transport),
        ("rediss://127.0.0.1:1/0?ssl_cert_reqs=required", Transport),
        ("sentinel://127.0.0.1:1/0", SentinelTransport),
    ],
)
def test_every_kind_of_redis_is_reached_by_it(url: str, transport: type) -> None:
    """Every kind of Redis URL uses the patched transport, under the name that Flower reads."""
    connection = BridgeCelery(broker=url).connection_for_read()
    assert connection.get_transport_cls() is transport
    assert urlsplit(connection.as_uri()).scheme == urlsplit(url).scheme


def test_rabbitmq_has_kombus_own() -> None:
    """RabbitMQ uses kombu's own transport."""
    cls = BridgeCelery(broker="amqp://127.0.0.1:1//").connection_for_read().get_transport_cls()
    assert cls.__module__ == "kombu.transport.pyamqp"
