"""How Celery reaches its broker: one set of options for those who publish and those who work.

Plain data, without Celery. Each value has its reason beside it.
"""

from datetime import timedelta
from typing import Any

from config.settings import Settings

COUNTDOWN_LIMIT = timedelta(minutes=5)
"""No message waits longer than this in a worker; longer waits are due times in the store."""

QUEUE = "celery"
QUICK_QUEUE = "quick"
"""For what takes milliseconds and must not wait behind a thousand submissions."""

WORKER_THREADS = 32
QUICK_TASKS = ("tasks.intake.drain", "tasks.sweep.sweep")
LONGEST_MARGIN, BREATH = timedelta(seconds=90), timedelta(seconds=20)
"""What a request may take besides its answer: a free connection, connecting, TLS, sending, each no
longer than the answer itself.
"""

LINK_MARGIN = timedelta(seconds=20)
"""What a fresh link from WAVV may take before that."""


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


def broker_options(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings for the broker. ``redis_url`` or ``broker_url`` must be set."""
    url = settings.broker_url or settings.redis_url
    return {
        "broker_url": url,
        "broker_connection_retry_on_startup": True,  # a broker that starts later is no error
        "broker_connection_max_retries": None,  # nor one that is away for a night
        "broker_connection_timeout": 4,
        "broker_transport_options": _redis_options(settings) if _is_redis(url) else {},
        "task_default_queue": QUEUE,
        "task_routes": {name: {"queue": QUICK_QUEUE} for name in QUICK_TASKS},
        "task_serializer": "json",  # nothing that can carry code
        "accept_content": ["json"],
        "task_ignore_result": True,  # the call record is the result
        "result_backend": None,
        "enable_utc": True,
        "timezone": "UTC",
    }


def _is_redis(url: str | None) -> bool:
    return (url or "").startswith("redis")


def _redis_options(settings: Settings) -> dict[str, Any]:
    """Time-outs for every connection: one frozen without closing would idle a worker for ever."""
    return {
        "global_keyprefix": f"{settings.namespace}:",  # two bridges may share one Redis
        "visibility_timeout": visibility_timeout(settings).total_seconds(),
        "socket_timeout": 10,
        "socket_connect_timeout": 4,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
    }
