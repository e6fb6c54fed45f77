"""Counts the messages that wait in the broker, over a separate connection for each count."""

from typing import Any

from celery import Celery
from celery.app.amqp import Queues
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.transport.base import Transport

from bridge.patch_guard import guard_patch

guard_patch(__name__, Queues, {"consume_from": None})
guard_patch(__name__, Transport, {"driver_type": None})


def waiting(app: Celery) -> int:
    """Return the number of messages in the queues that this worker consumes.

    Returns 0 if the broker is unreachable. A queue that an operator cancelled in Flower is not
    counted.
    """
    queues = list(app.amqp.queues.consume_from)
    with app.connection_for_read() as connection:
        known: Any = connection.connection_errors
        channels: Any = connection.channel_errors
        broker_away: tuple[type[Exception], ...] = (OperationalError, OSError, *known, *channels)
        try:
            connection.ensure_connection(max_retries=1)
            return sum(_length(connection, name) for name in queues)
        except broker_away:
            return 0


def _length(connection: Connection, queue: str) -> int:
    """Return how many messages a queue holds, or 0 if there is no such queue.

    With Redis the queue is declared actively, which changes nothing in Redis. A passive declaration
    finds no queue, because kombu 5.7 looks for its key without ``global_keyprefix``.

    https://github.com/celery/kombu/pull/1349
    """
    channel: Any = connection.channel()  # kombu's channels share no type
    passive = connection.transport.driver_type != "redis"
    try:
        return int(channel.queue_declare(queue, passive=passive).message_count)
    except connection.channel_errors:
        return 0
    finally:
        channel.close()
