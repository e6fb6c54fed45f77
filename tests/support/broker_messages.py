"""What lies in a broker. No API shows it: each is asked in its own way, and keeps what it has."""

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
    """A task that was asked for; ``whole`` is all that the broker holds of it, in the open."""

    task: str
    arguments: tuple[str, ...]
    whole: str


class Messages(Protocol):
    """The messages of one bridge."""

    def waiting(self) -> list[Message]:
        """Return what waits for a worker."""

    def delayed(self) -> list[Message]:
        """Return what was published, and waits for its time."""


@dataclass(frozen=True)
class RedisMessages:
    """Celery's lists, and its hash of what workers have taken: they do the waiting."""

    redis: Redis
    namespace: str

    def waiting(self) -> list[Message]:
        """Return what waits for a worker."""
        listed: list[Any] = [
            raw for queue in QUEUES for raw in self.redis.lrange(f"{self.namespace}:{queue}", 0, -1)
        ]
        return [_of_redis(json.loads(raw)) for raw in listed]

    def delayed(self) -> list[Message]:
        """Return what a worker has taken."""
        taken: list[Any] = self.redis.hvals(f"{self.namespace}:unacked")
        return [_of_redis(json.loads(raw)[0]) for raw in taken]


@dataclass(frozen=True)
class RabbitMessages:
    """The queues of a virtual host. What was looked at is put back when the channel closes."""

    url: str
    namespace: str

    def waiting(self) -> list[Message]:
        """Return what waits for a worker."""
        return self._in(f"{self.namespace}:{queue}" for queue in QUEUES)

    def delayed(self) -> list[Message]:
        """Return what waits in RabbitMQ: all bridges of a virtual host share these queues."""
        return self._in(map(level_name, range(MAX_LEVEL + 1)))

    def _in(self, queues: Iterable[str]) -> list[Message]:
        ours = tuple(f"{self.namespace}:{queue}" for queue in QUEUES)
        with Connection(self.url) as connection:
            channel: Any = connection.channel()
            taken = [one for queue in queues for one in _taken(channel, queue)]
            return [
                _message(one.headers, one.body, (one.properties, one.delivery_info))
                for one in taken
                if one.delivery_info["routing_key"].split(".")[-1] in ours
            ]


def _taken(channel: Any, queue: str) -> Iterator[Any]:  # noqa: ANN401 - amqp's have no types
    while (one := channel.basic_get(queue)) is not None:
        yield one


def _of_redis(said: dict[str, Any]) -> Message:
    return _message(said["headers"], base64.b64decode(said["body"]), said)


def _message(headers: dict[str, Any], body: str | bytes, whole: object) -> Message:
    arguments, keywords, _ = json.loads(body)
    assert keywords == {}
    return Message(headers["task"], tuple(arguments), f"{headers} {body!r} {whole}")
