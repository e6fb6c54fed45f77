"""The Celery application: one for workers, beat and Flower. Each setting has its reason beside it.

``celery -A tasks worker``, ``beat`` and ``flower`` work as they are.
"""

from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging, worker_init

from bridge.broker.celery_app import BridgeCelery
from bridge.broker.publisher import ROUTINE
from bridge.pipeline.places import use_threads
from bridge.services import elephant_options, wavv_options
from bridge.store.cluster import refuse_cluster
from bridge.wavv.alias_settings import require_known_fields
from config import Settings, load_settings
from config.broker import WORKER_THREADS, broker_options, check_times, lease_time
from config.load import SettingsError
from config.logging import start_process
from tasks.watchdog import Watchdog

SWEEPS_EXPIRE = timedelta(days=1)
MODULES = ("tasks.intake", "tasks.submit", "tasks.insights", "tasks.sweep")


def worker_options(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings for this work."""
    return {
        "include": MODULES,
        "worker_pool": "threads",  # tasks wait for HTTP: 32 threads take 0.1 GB, 32 processes 2.4
        "worker_concurrency": WORKER_THREADS,
        "worker_consumer": "tasks.consumer:LastingConsumer",
        "worker_prefetch_multiplier": 1,  # what a worker has taken, no other can take
        "task_acks_late": True,  # a killed worker's task comes back
        "task_reject_on_worker_lost": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # threads cannot be; leases
        "worker_soft_shutdown_timeout": lease_time(settings).total_seconds(),  # finish requests
        "worker_enable_remote_control": True,  # Flower asks workers who they are
        "worker_send_task_events": False,  # Flower asks for them; with nobody there, nobody pays
        "worker_hijack_root_logger": False,  # logging is ours: JSON, redacted
        "worker_redirect_stdouts": False,
        "beat_scheduler": "bridge.broker.scheduler:SteadyScheduler",  # by the monotonic clock
        "beat_schedule": {
            "sweep": {
                "task": "tasks.sweep.sweep",
                "schedule": settings.sweep_interval,
                # While no worker runs they pile up: a worker runs no two of these within half an
                # interval. They expire by the clocks of two machines, which may differ.
                "options": {"expires": SWEEPS_EXPIRE.total_seconds(), "headers": {ROUTINE: "1"}},
            }
        },
    }


def create_app() -> Celery:
    """Return the application for this process's settings; end the process if they are no good."""
    try:
        settings = start_process()
        require_known_fields(settings)
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    if settings.redis_url is None:
        raise SystemExit("BRIDGE_REDIS_URL must be set, or start everything with: bridge up")
    celery = BridgeCelery("bridge", set_as_current=True)
    celery.conf.update(broker_options(settings) | worker_options(settings))
    celery.steps["worker"].add(Watchdog)
    return celery


@worker_init.connect
def _check_limits(sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery's worker has no type
    """Share the worker's threads out, and check its times; end it if they do not fit."""
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
    """Being connected is enough: Celery then leaves logging alone."""


@celeryd_init.connect
@beat_init.connect
def _refuse_cluster(**_: object) -> None:
    """End a worker, or beat, whose Redis is a cluster. Not at import: Flower needs no store."""
    try:
        refuse_cluster(load_settings().redis_url or "")
    except SettingsError as error:
        raise SystemExit(str(error)) from error


app = create_app()
