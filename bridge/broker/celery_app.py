"""The Celery class of every process of the bridge, for Redis and RabbitMQ alike."""

import math
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from kombu.transport import TRANSPORT_ALIASES

from bridge.broker import redis_transport
from bridge.patch_guard import guard_patch
from config.broker import is_rabbitmq

guard_patch(__name__, Celery, {"send_task": None})

# Our transports get kombu's names, because Celery and Flower derive the kind of broker from them:
# https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.html
TRANSPORT_ALIASES |= {
    "redis": f"{redis_transport.__name__}:Transport",
    "rediss": f"{redis_transport.__name__}:Transport",
    "sentinel": f"{redis_transport.__name__}:SentinelTransport",
}


class BridgeCelery(Celery):
    """A Celery application that rounds countdowns up to whole seconds if the broker is RabbitMQ."""

    def send_task(self, *args: Any, **options: Any) -> AsyncResult[Any]:  # noqa: ANN401 - Celery's signature
        """Publish a task; for RabbitMQ, round its countdown up to whole seconds.

        kombu 5.7 can delay a message for RabbitMQ only by whole seconds. It raises ``ValueError``
        for less than a second, and cuts off fractions, so that a task would run too early.

        https://github.com/celery/celery/pull/9207
        """
        if is_rabbitmq(self.conf.broker_url):
            options["countdown"] = math.ceil(options.get("countdown") or 0) or None
        return super().send_task(*args, **options)
