"""How Celery reaches its broker: one set of options for those who publish and those who work.

Plain data, without Celery. Each value has its reason beside it.
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.sentinel import celery_url, is_sentinel, read_sentinel
from config.settings import Settings

COUNTDOWN_LIMIT = timedelta(minutes=5)
"""No message waits longer than this in a worker; longer waits are due times in the store."""

QUEUE = "celery"
QUICK_QUEUE = "quick"
"""For what takes milliseconds and must not wait behind a thousand submissions."""

WORKER_THREADS = 32
SUBMISSION_PLACES, INSIGHT_PLACES, LINK_PLACES = 12, 12, 6
"""How many batches of each kind a worker has under way at once, each of up to 16 calls.

Links are fetched within submissions. The threads that are left are for intake and the sweep. A
worker with more or fewer threads has more or fewer places.
"""

FEWEST_THREADS = 4
"""One for each of submissions and insights, and two for intake and the sweep."""

QUICK_TASKS = ("tasks.intake.drain", "tasks.sweep.sweep")
LONGEST_MARGIN, BREATH = timedelta(seconds=90), timedelta(seconds=20)
"""What a request may take besides its answer: connecting, TLS, sending, each no longer than
the answer itself.
"""

LINK_MARGIN = timedelta(seconds=20)
"""What a fresh link from WAVV may take before that."""

ANSWER_SECONDS = 5
"""How long a connection to the broker may keep us waiting before it counts as dead. When all of a
worker's froze, it waits for about four of them, one after the other.
"""


def lease_time(settings: Settings) -> timedelta:
    """Return how long a worker may hold a call: longer than the requests of its longest step."""
    answer = settings.askelephant_timeout
    link = LINK_MARGIN if settings.wavv_api_key else timedelta(0)
    return link + answer + min(4 * answer + BREATH, LONGEST_MARGIN)


def visibility_timeout(settings: Settings) -> timedelta:
    """Return when a message that was taken and not finished comes back.

    Longer than a lease and than the longest countdown, or tasks would run twice while they run.
    """
    return lease_time(settings) + COUNTDOWN_LIMIT


def check_times(settings: Settings, longest_requests: timedelta) -> None:
    """Check at a worker's start that no wait outlasts the one around it; raise ``ValueError``.

    The requests of a batch leave side by side, so they take no longer than those of one call.
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
    """Tell whether the broker at ``url`` is RabbitMQ."""
    return (url or "").startswith("amqp")


def verifying(url: str | None) -> str | None:
    """Return the URL such that a server's certificate is verified unless it says otherwise.

    redis-py does so by itself; kombu 5.7 takes any certificate when ``rediss://`` says nothing.
    """
    if url is None:
        return None
    return ";".join(map(_verifying, url.split(";")))


def _verifying(url: str) -> str:
    if not url.startswith("rediss://") or "ssl_cert_reqs=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=required"


def broker_options(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings for the broker. ``redis_url`` or ``broker_url`` must be set."""
    url = settings.broker_url or settings.redis_url or ""
    special = _rabbitmq if is_rabbitmq(url) else _redis
    return special(settings) | {
        "broker_url": celery_url(read_sentinel(url)) if is_sentinel(url) else verifying(url),
        "broker_connection_retry_on_startup": True,  # a broker that starts later is no error
        "broker_connection_max_retries": None,  # nor one that is away for a night
        "broker_connection_timeout": 4,
        "task_serializer": "json",  # nothing that can carry code
        "accept_content": ["json"],
        "task_ignore_result": True,  # the call record is the result
        "result_backend": None,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _queues(quick: str, usual: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - Celery's
    """Return both queues, each with an exchange of its own, and which task goes where."""
    return {
        "task_queues": {
            name: {"exchange": name, "routing_key": name, **options} for name in (quick, usual)
        },
        "task_default_queue": usual,
        "task_routes": {name: {"queue": quick} for name in QUICK_TASKS},
    }


def _redis(settings: Settings) -> dict[str, Any]:
    """Time-outs for every connection: one frozen without closing would idle a worker for ever."""
    url = settings.broker_url or settings.redis_url or ""
    found_by = {"master_name": read_sentinel(url).service} if is_sentinel(url) else {}
    options = found_by | {
        "global_keyprefix": f"{settings.namespace}:",  # two bridges may share one Redis
        "visibility_timeout": visibility_timeout(settings).total_seconds(),
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": 4,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
        "priority_steps": [0],  # no task is more urgent than another: one key for each queue
    }
    return _queues(QUICK_QUEUE, QUEUE) | {
        "broker_transport_options": options,
        "broker_use_ssl": _tls((verifying(url) or "").split(";")[0]),
    }


def _tls(url: str) -> dict[str, str] | bool:
    """Return what the URL says of TLS once more: Flower's page of the broker reads no URL."""
    parts = urlsplit(url)
    said = {name: value for name, value in parse_qsl(parts.query) if name.startswith("ssl_")}
    return said if parts.scheme == "rediss" else False


def _named(url: str) -> dict[str, str | None] | bool:
    """Return which name a server's certificate must bear: amqp alone would take any name's.

    Not with several servers: the name would be the first one's for all.
    """
    is_one = url.startswith("amqps://") and ";" not in url
    return {"server_hostname": urlsplit(url).hostname} if is_one else False


def _rabbitmq(settings: Settings) -> dict[str, Any]:
    """Quorum queues, which survive a node; they have no global QoS, so RabbitMQ does the waiting.

    Its delays end in a topic exchange: a queue behind a direct one never sees them (celery #9912).
    Publishing is not confirmed: Celery's events would wait for it in all threads, and hang (0022).
    """
    space = settings.namespace.replace(".", "/")  # a dot would part the words of a routing key
    quorum = {"exchange_type": "topic", "queue_arguments": {"x-queue-type": "quorum"}}
    options = {
        "read_timeout": ANSWER_SECONDS,
        "write_timeout": ANSWER_SECONDS,
    }
    return _queues(f"{space}:{QUICK_QUEUE}", f"{space}:{QUEUE}", **quorum) | {
        "broker_transport_options": options,
        "broker_use_ssl": _named(settings.broker_url or ""),
        "broker_native_delayed_delivery_queue_type": "quorum",
        "broker_heartbeat": 10,  # a connection that froze is given up after two of them
        # Exclusive, as Celery has it, a worker's queue stays locked by a connection that froze, and
        # the worker ends when it comes back over a new one. Unused, it is gone in ten seconds.
        "control_queue_exclusive": False,
        "control_queue_durable": True,
        "control_exchange": f"{space}:control",  # two bridges may share one virtual host
        "event_exchange": f"{space}:events",
    }
