"""Celery's options for its broker, the same for processes that publish and for workers.

This is plain data, and imports no Celery. Comments give the reason for each value.
Options: https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-settings
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.sentinel import celery_url, is_sentinel, read_sentinel
from config.settings import Settings

COUNTDOWN_LIMIT = timedelta(minutes=5)
"""The longest countdown of a message. A longer wait is only a due time in the store."""

QUEUE = "celery"
QUICK_QUEUE = "quick"
"""The queue of tasks that run for milliseconds and must not wait for a thousand submissions."""

WORKER_THREADS = 32
SUBMISSION_PLACES, INSIGHT_PLACES, LINK_PLACES = 12, 12, 6
"""How many batches of each kind may run at once in a worker of ``WORKER_THREADS`` threads.

A batch has up to 16 calls. Links are fetched within submissions. The other threads are for intake
and the sweep. The places of a worker are in proportion to its threads.
"""

FEWEST_THREADS = 4
"""The fewest threads of a worker: one for submissions, one for insights, two for the rest."""

QUICK_TASKS = ("tasks.intake.drain", "tasks.sweep.sweep")
LONGEST_MARGIN, BREATH = timedelta(seconds=90), timedelta(seconds=20)
"""Bounds of the time that a request needs to connect and to be sent, before its response.

That is four times the timeout of the response plus ``BREATH``, at most ``LONGEST_MARGIN``.
"""

LINK_MARGIN = timedelta(seconds=20)
"""The time to fetch a fresh link from WAVV before the request."""

RESPONSE_SECONDS = 5
"""The seconds without a response after which a connection to the broker is given up.

If all connections of a worker froze, it gives up about four of them, one after the other.
"""


def lease_time(settings: Settings) -> timedelta:
    """Return how long a lease on a call lasts: longer than the requests of the longest step."""
    response = settings.askelephant_timeout
    link = LINK_MARGIN if settings.wavv_api_key else timedelta(0)
    return link + response + min(4 * response + BREATH, LONGEST_MARGIN)


def visibility_timeout(settings: Settings) -> timedelta:
    """Return the time after which Redis redelivers a message that was not acknowledged.

    It is longer than a lease and the longest countdown together. Otherwise a task would be started
    again while it runs:
    https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
    """
    return lease_time(settings) + COUNTDOWN_LIMIT


def check_times(settings: Settings, longest_requests: timedelta) -> None:
    """Raise ``ValueError`` if one of the nested timeouts is longer than the one around it.

    ``longest_requests`` is the time of all requests of one call in a step. A batch needs no more
    time, because its requests are sent side by side.
    """
    lease = lease_time(settings)
    waits = {
        "the requests of a step": longest_requests,
        "a lease": lease,
        "a lease after the longest countdown": lease + COUNTDOWN_LIMIT,
        "the broker's visibility timeout": visibility_timeout(settings),
    }
    for (shorter, seconds), (longer, more) in pairwise(waits.items()):
        if seconds > more:
            raise ValueError(f"{shorter} ({seconds}) must not last longer than {longer} ({more})")


def is_rabbitmq(url: str | None) -> bool:
    """Return whether the broker at ``url`` is RabbitMQ."""
    return (url or "").startswith("amqp")


def verifying(url: str | None) -> str | None:
    """Return the URL, or several, with ``ssl_cert_reqs=required`` where ``rediss://`` lacks it.

    Without it kombu 5.7 accepts any certificate of the server; redis-py verifies by default:
    https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-use-ssl
    """
    if url is None:
        return None
    verified = [
        f"{one}{'&' if '?' in one else '?'}ssl_cert_reqs=required"
        if one.startswith("rediss://") and "ssl_cert_reqs=" not in one
        else one
        for one in url.split(";")
    ]
    return ";".join(verified)


def broker_options(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings for the broker. ``redis_url`` or ``broker_url`` must be set."""
    url = settings.broker_url or settings.redis_url or ""
    special = _rabbitmq if is_rabbitmq(url) else _redis
    return special(settings) | {
        "broker_url": celery_url(read_sentinel(url)) if is_sentinel(url) else verifying(url),
        "broker_connection_retry_on_startup": True,  # the broker may start later than a worker
        "broker_connection_max_retries": None,  # an outage of hours ends no worker
        "broker_connection_timeout": 4,
        "task_serializer": "json",  # unlike pickle, it cannot run code
        "accept_content": ["json"],
        "task_ignore_result": True,  # the call record is the result
        "result_backend": None,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _queues(quick: str, usual: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - Celery's
    """Return the options for both queues, each with one exchange, and the routes of the tasks."""
    return {
        "task_queues": {
            name: {"exchange": name, "routing_key": name, **options} for name in (quick, usual)
        },
        "task_default_queue": usual,
        "task_routes": {name: {"queue": quick} for name in QUICK_TASKS},
    }


def _redis(settings: Settings) -> dict[str, Any]:
    """Return the options for Redis, with timeouts for every connection.

    Without them, a connection that freezes without closing would stop a worker for ever. The TLS
    options of the URL are repeated, because Flower's page of the broker does not parse the URL.
    """
    url = settings.broker_url or settings.redis_url or ""
    found_by = {"master_name": read_sentinel(url).service} if is_sentinel(url) else {}
    primary = urlsplit((verifying(url) or "").split(";")[0])
    tls = {name: value for name, value in parse_qsl(primary.query) if name.startswith("ssl_")}
    options = found_by | {
        "global_keyprefix": f"{settings.namespace}:",  # two bridges may share one Redis
        "visibility_timeout": visibility_timeout(settings).total_seconds(),
        "socket_timeout": RESPONSE_SECONDS,
        "socket_connect_timeout": 4,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
        "priority_steps": [0],  # no priorities: one key for each queue
    }
    return _queues(QUICK_QUEUE, QUEUE) | {
        "broker_transport_options": options,
        "broker_use_ssl": tls if primary.scheme == "rediss" else False,
    }


def _rabbitmq(settings: Settings) -> dict[str, Any]:
    """Return the options for RabbitMQ, with quorum queues, which survive the loss of a node.

    Quorum queues have no global QoS, so RabbitMQ delays messages, not the worker. Delayed messages
    arrive by a topic exchange; a queue bound to a direct exchange does not get them:
    https://github.com/celery/celery/issues/9912

    Publishing is not confirmed: Celery's events would wait for the confirmation in all threads, and
    hang (docs/decisions/0022).

    The server's certificate must name the host of the URL, which py-amqp does not require by
    default. With several servers this is not checked: there is one option for the name of all.
    """
    url = settings.broker_url or ""
    is_one = url.startswith("amqps://") and ";" not in url
    space = settings.namespace.replace(".", "/")  # a dot would split the routing key
    quorum = {"exchange_type": "topic", "queue_arguments": {"x-queue-type": "quorum"}}
    options = {
        "read_timeout": RESPONSE_SECONDS,
        "write_timeout": RESPONSE_SECONDS,
    }
    return _queues(f"{space}:{QUICK_QUEUE}", f"{space}:{QUEUE}", **quorum) | {
        "broker_transport_options": options,
        "broker_use_ssl": {"server_hostname": urlsplit(url).hostname} if is_one else False,
        "broker_native_delayed_delivery_queue_type": "quorum",
        "broker_heartbeat": 10,  # a connection that froze is given up after two of them
        # By default a worker's control queue is exclusive: a frozen connection keeps it locked, and
        # the worker ends when it reconnects. RabbitMQ deletes it after ten seconds without use.
        "control_queue_exclusive": False,
        "control_queue_durable": True,
        "control_exchange": f"{space}:control",  # two bridges may share one virtual host
        "event_exchange": f"{space}:events",
    }
