"""The messages in a broker; reading them leaves them there."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from kombu import Connection
from kombu.transport.native_delayed_delivery import MAX_LEVEL, level_name
from redis import Redis

QUEUES = ("quick", "celery")


@dataclass(frozen=True)
class Message:
    """A published task; ``whole`` is all plain text that the broker stores for it."""

    task: str
    arguments: tuple[str, ...]
    whole: str


class Messages(Protocol):
    """The messages of one bridge."""

    def waiting(self) -> list[Message]:
        """Return the messages that wait for a worker."""

    def delayed(self) -> list[Message]:
        """Return the published messages whose time has not come."""


@dataclass(frozen=True)
class RedisMessages:
    """Celery's lists in Redis, and the hash of the messages that workers hold until their time."""

    redis: Redis
    namespace: str

    def waiting(self) -> list[Message]:
        """Return the messages that wait for a worker."""
        listed: list[Any] = [
            raw for queue in QUEUES for raw in self.redis.lrange(f"{self.namespace}:{queue}", 0, -1)
        ]
        return [_of_redis(json.loads(raw)) for raw in listed]

    def delayed(self) -> list[Message]:
        """Return the messages that a worker has fetched and not acknowledged."""
        fetched: list[Any] = self.redis.hvals(f"{self.namespace}:unacked")
        return [_of_redis(json.loads(raw)[0]) for raw in fetched]


@dataclass(frozen=True)
class RabbitMessages:
    """The queues of a virtual host; messages return to their queue when the channel closes."""

    url: str
    namespace: str

    def waiting(self) -> list[Message]:
        """Return the messages that wait for a worker."""
        return self._in(f"{self.namespace}:{queue}" for queue in QUEUES)

    def delayed(self) -> list[Message]:
        """Return the messages in RabbitMQ's delay queues, which all bridges of a host share."""
        return self._in(map(level_name, range(MAX_LEVEL + 1)))

    def _in(self, queues: Iterable[str]) -> list[Message]:
        ours = tuple(f"{self.namespace}:{queue}" for queue in QUEUES)
        with Connection(self.url) as connection:
            channel: Any = connection.channel()
            fetched = [one for queue in queues for one in _fetched(channel, queue)]
            return [
                _message(one.headers, one.body, (one.properties, one.delivery_info))
                for one in fetched
                if one.delivery_info["routing_key"].split(".")[-1] in ours
            ]


def _fetched(channel: Any, queue: str) -> Iterator[Any]:  # noqa: ANN401 - amqp's have no types
    while (one := channel.basic_get(queue)) is not None:
        yield one


def _of_redis(stored: dict[str, Any]) -> Message:
    return _message(stored["headers"], base64.b64decode(stored["body"]), stored)


def _message(headers: dict[str, Any], body: str | bytes, whole: object) -> Message:
    arguments, keywords, _ = json.loads(body)
    assert keywords == {}
    return Message(headers["task"], tuple(arguments), f"{headers} {body!r} {whole}")
