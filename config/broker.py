"""Celery's options for its broker, used by processes that publish and by workers.

This module is plain data and does not import Celery. Comments give the reason for each value.
Options: https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-settings
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.sentinel import celery_url, is_sentinel, read_sentinel
from config.settings import Settings

COUNTDOWN_LIMIT = timedelta(minutes=5)
"""The longest countdown of a message. For a longer wait no message is published yet: the call's due
time is stored, and the sweep publishes the message later.
"""

QUEUE = "celery"
QUICK_QUEUE = "quick"
"""The queue of short tasks, which must not wait behind a thousand submissions of calls."""

WORKER_THREADS = 32
SUBMISSION_SLOTS, INSIGHT_SLOTS, LINK_SLOTS = 12, 12, 6
"""The most batches of each kind that run at once in a worker of ``WORKER_THREADS`` threads.

A batch has up to 16 calls. Links are fetched within submissions. The other threads are for intake
and the sweep. With other numbers of threads, these limits change in proportion.
"""

FEWEST_THREADS = 4
"""The fewest threads of a worker: one for submissions, one for insights, two for the rest."""

QUICK_TASKS = ("tasks.intake.drain", "tasks.sweep.sweep")
LONGEST_MARGIN, BREATH = timedelta(seconds=90), timedelta(seconds=20)
"""Bounds of the time to connect and to send a request, before the timeout of the response starts.

That time is four times the response's timeout plus ``BREATH``, at most ``LONGEST_MARGIN``.
"""

LINK_MARGIN = timedelta(seconds=20)
"""The time to fetch a fresh link to the recording from WAVV before a submission."""

RESPONSE_SECONDS = 5
"""The timeout, in seconds, of a response from the broker. The connection is then closed.

A worker whose connections all hang closes about four of them, one after the other.
"""


def lease_time(settings: Settings) -> timedelta:
    """Return how long a worker leases a call: longer than all requests of the longest step need."""
    response = settings.askelephant_timeout
    link = LINK_MARGIN if settings.wavv_api_key else timedelta(0)
    return link + response + min(4 * response + BREATH, LONGEST_MARGIN)


def visibility_timeout(settings: Settings) -> timedelta:
    """Return the time after which Redis redelivers a message that was not acknowledged.

    The time is longer than the sum of a lease and the longest countdown. Otherwise a task would be
    started again while it runs:
    https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
    """
    return lease_time(settings) + COUNTDOWN_LIMIT


def check_times(settings: Settings, longest_requests: timedelta) -> None:
    """Raise ``ValueError`` if an inner timeout is longer than the timeout around it.

    ``longest_requests`` is the time that the requests for one call need in one step. A batch of
    calls needs no more time, because its requests are sent concurrently.
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
    """Add ``ssl_cert_reqs=required`` to a ``rediss://`` URL, or to several, if it is missing.

    Without this option kombu 5.7 accepts any certificate. redis-py verifies it by default:
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
    """Create Celery's settings for the broker. ``redis_url`` or ``broker_url`` must be set."""
    url = settings.broker_url or settings.redis_url or ""
    special = _rabbitmq if is_rabbitmq(url) else _redis
    return special(settings) | {
        "broker_url": celery_url(read_sentinel(url)) if is_sentinel(url) else verifying(url),
        "broker_connection_retry_on_startup": True,  # the broker may start later than a worker
        "broker_connection_max_retries": None,  # a worker survives an outage of hours
        "broker_connection_timeout": 4,
        "task_serializer": "json",  # unlike pickle, JSON cannot run code
        "accept_content": ["json"],
        "task_ignore_result": True,  # the call record is the result
        "result_backend": None,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _queues(quick: str, usual: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - Celery's
    """Create the options for both queues, each with one exchange, and the routes of the tasks."""
    return {
        "task_queues": {
            name: {"exchange": name, "routing_key": name, **options} for name in (quick, usual)
        },
        "task_default_queue": usual,
        "task_routes": {name: {"queue": quick} for name in QUICK_TASKS},
    }


def _redis(settings: Settings) -> dict[str, Any]:
    """Create the options for Redis, with timeouts for each connection.

    Without timeouts, a connection that hangs would stop a worker for ever. The TLS options of the
    URL are repeated, because Flower's page of the broker does not parse the URL.
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
    """Create the options for RabbitMQ, with quorum queues, which survive the loss of a node.

    Quorum queues have no global QoS, so RabbitMQ, and not the worker, delays messages. Delayed
    messages arrive by a topic exchange. A queue that is bound to a direct exchange does not receive
    them: https://github.com/celery/celery/issues/9912

    Publishing is not confirmed: Celery's events would wait for the confirmation in all threads, and
    hang (docs/decisions/0022).

    The server's certificate must name the host of the URL, which py-amqp does not require by
    default. With several servers the name is not checked, because one option holds for all servers.
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
        "broker_heartbeat": 10,  # a connection is closed after two missed heartbeats
        # By default a worker's control queue is exclusive. A hanging connection would keep it
        # locked, and the worker would end when it reconnects. RabbitMQ deletes the queue after ten
        # seconds without use.
        "control_queue_exclusive": False,
        "control_queue_durable": True,
        "control_exchange": f"{space}:control",  # two bridges may share one virtual host
        "event_exchange": f"{space}:events",
    }
