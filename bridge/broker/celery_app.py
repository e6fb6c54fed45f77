"""Celery as every process of the bridge uses it: the same with Redis and with RabbitMQ."""

import math
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from kombu.transport import TRANSPORT_ALIASES

from bridge.broker import redis_transport
from bridge.patch_guard import guard_patch
from config.broker import is_rabbitmq

guard_patch(__name__, Celery, {"send_task": None})

# Under kombu's own names: Celery and Flower know from them what kind of broker it is.
TRANSPORT_ALIASES |= {
    "redis": f"{redis_transport.__name__}:Transport",
    "rediss": f"{redis_transport.__name__}:Transport",
    "sentinel": f"{redis_transport.__name__}:SentinelTransport",
}


class BridgeCelery(Celery):
    """A Celery whose countdowns RabbitMQ can keep."""

    def send_task(self, *args: Any, **options: Any) -> AsyncResult[Any]:  # noqa: ANN401 - Celery's signature
        """Publish; RabbitMQ gets whole seconds to wait, rounded up.

        Its delays are powers of two of a second: kombu 5.7 raises ``ValueError`` for less than one,
        and cuts off fractions, so that a task would come before its time.

        https://github.com/celery/celery/pull/9207
        """
        if is_rabbitmq(self.conf.broker_url):
            options["countdown"] = math.ceil(options.get("countdown") or 0) or None
        return super().send_task(*args, **options)
