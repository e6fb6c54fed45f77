"""The Celery application of workers, beat and Flower, with the reason for each of its settings.

``celery -A tasks worker``, ``celery -A tasks beat`` and ``celery -A tasks flower`` need no further
options. Celery's settings: https://docs.celeryq.dev/en/stable/userguide/configuration.html
"""

from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging, worker_init

from bridge.broker.celery_app import BridgeCelery
from bridge.broker.publisher import ROUTINE
from bridge.pipeline.slots import use_threads
from bridge.services import elephant_options, wavv_options
from bridge.store.cluster import refuse_cluster
from bridge.wavv.alias_settings import require_known_fields
from config import Settings, load_settings
from config.broker import WORKER_THREADS, broker_options, check_times, lease_time
from config.load import SettingsError
from config.logging import start_process
from tasks.heartbeat import HeartbeatStep
from tasks.watchdog import Watchdog

SWEEPS_EXPIRE = timedelta(days=1)
MODULES = ("tasks.intake", "tasks.submit", "tasks.insights", "tasks.sweep")


def worker_options(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings for workers and beat."""
    return {
        "include": MODULES,
        "worker_pool": "threads",  # tasks wait for HTTP; 32 threads need 0.1 GB, 32 processes 2.4
        "worker_concurrency": WORKER_THREADS,
        "worker_consumer": "tasks.consumer:LastingConsumer",
        "worker_prefetch_multiplier": 1,  # another worker cannot run a prefetched task
        "task_acks_late": True,  # the task of a killed worker is redelivered
        "task_reject_on_worker_lost": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # threads cannot be cancelled
        "worker_soft_shutdown_timeout": lease_time(settings).total_seconds(),  # let requests end
        "worker_enable_remote_control": True,  # Flower needs it
        "worker_send_task_events": False,  # Flower switches them on when it runs
        "worker_hijack_root_logger": False,  # the bridge configures logging: JSON, redacted
        "worker_redirect_stdouts": False,
        "beat_scheduler": "bridge.broker.scheduler:SteadyScheduler",  # by the monotonic clock
        "beat_schedule": {
            "sweep": {
                "task": "tasks.sweep.sweep",
                "schedule": settings.sweep_interval,
                # Sweeps pile up while no worker runs. ``pipeline.sweep`` runs only one of them in
                # half an interval. The clocks of beat and worker may differ, hence a whole day.
                "options": {"expires": SWEEPS_EXPIRE.total_seconds(), "headers": {ROUTINE: "1"}},
            }
        },
    }


def create_app() -> Celery:
    """Create the Celery application for the settings of this process; exit if they are invalid."""
    try:
        settings = start_process()
        require_known_fields(settings)
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    if settings.redis_url is None:
        raise SystemExit("BRIDGE_REDIS_URL must be set, or start everything with: bridge up")
    celery = BridgeCelery("bridge", set_as_current=True)
    celery.conf.update(broker_options(settings) | worker_options(settings))
    celery.steps["worker"].update({Watchdog, HeartbeatStep})
    return celery


@worker_init.connect
def _check_limits(sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery's worker has no type
    """Set the number of threads from which the worker's slots are computed; check its timeouts.

    Exits if there are too few threads, or if the timeouts contradict each other.
    """
    settings = load_settings()
    requests = elephant_options(settings).longest_request
    link = wavv_options(settings)
    requests += link.longest_request if link else 0
    try:
        use_threads(sender.concurrency or WORKER_THREADS)
        check_times(settings, timedelta(seconds=requests))
    except ValueError as error:
        raise SystemExit(str(error)) from error


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Prevent that Celery configures logging. A receiver of this signal is enough.

    https://docs.celeryq.dev/en/stable/userguide/signals.html#setup-logging
    """


@celeryd_init.connect
@beat_init.connect
def _refuse_cluster(**_: object) -> None:
    """Exit if the Redis of this worker or beat is a Redis Cluster.

    Flower may run with a cluster, because it reads no calls.
    """
    try:
        refuse_cluster(load_settings().redis_url or "")
    except SettingsError as error:
        raise SystemExit(str(error)) from error


app = create_app()
