"""Heartbeats of the workers: in the store, in ``/api/stats``, and in explanations."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bridge import __version__
from bridge.api.explanation import facts
from bridge.domain.explain import Stopped
from bridge.pipeline.heartbeat import Heartbeat
from bridge.store.heartbeats import GONE_AFTER, KEPT, Worker
from tests.support.store import NOW, Store
from tests.support.valkey import Valkey
from tests.support.web_process import Web, services_for

WORKER = Worker("celery@one", "1.2.3", 4, NOW)


def test_a_worker_is_listed_until_it_has_missed_three_heartbeats(store: Store) -> None:
    """The last heartbeat counts; a worker is gone after more than 30 seconds without one."""
    store.heartbeats.write("one 1", WORKER)
    later = replace(WORKER, running=0, seen_at=NOW + timedelta(seconds=10))
    store.heartbeats.write("one 1", later)
    assert store.heartbeats.living(later.seen_at + GONE_AFTER) == [later]
    assert store.heartbeats.living(later.seen_at + GONE_AFTER + timedelta(seconds=1)) == []
    assert store.heartbeats.all() == [later]


def test_processes_of_the_same_name_are_told_apart(store: Store) -> None:
    """Two workers on one host have the same name if they were started without ``--hostname``."""
    for process in ("one 1", "one 2"):
        store.heartbeats.write(process, WORKER)
    assert store.heartbeats.living(NOW) == [WORKER, WORKER]


@pytest.mark.parametrize("distance", [KEPT, -KEPT])
def test_a_worker_that_is_gone_is_removed_after_an_hour(store: Store, distance: timedelta) -> None:
    """The heartbeat of another worker removes its entry, also one with a time far ahead."""
    kept = replace(WORKER, name="celery@kept", seen_at=NOW - distance)
    removed = replace(WORKER, name="celery@removed", seen_at=NOW - distance * 1.01)
    for worker in (kept, removed, WORKER):
        store.heartbeats.write(worker.name, worker)
    assert store.heartbeats.all() == [kept, WORKER]


def test_statistics_list_the_workers_that_run(web: Web) -> None:
    """Each with name, version, running tasks and last heartbeat; the metric counts them."""
    now = web.services.now()
    Heartbeat("celery@here").write(web.services, 3)
    gone = replace(WORKER, seen_at=now - timedelta(seconds=31))
    web.services.heartbeats.write("gone", gone)
    (worker,) = web.get("/api/stats").json()["workers"]
    assert worker.pop("seen_at") >= now.isoformat()[:19]
    assert worker == {"name": "celery@here", "version": __version__, "running": 3}
    assert "\nbridge_workers 1.0\n" in web.client.get("/metrics").text


@pytest.mark.parametrize(
    ("heartbeat", "sweep", "stopped"),
    [
        (0, 0, None),
        (None, 0, None),
        (31, 0, Stopped.WORKERS),
        (31, 3600, Stopped.WORKERS),
        (None, 3600, Stopped.WORKERS),
        (0, 3600, Stopped.SWEEPS),
    ],
)
def test_explanations_know_whether_workers_and_sweeps_run(
    web: Web, heartbeat: int | None, sweep: int, stopped: Stopped | None
) -> None:
    """Without heartbeats, as of version 0.1.0, a sweep shows that a worker runs."""
    now = web.services.now()
    sweep_at = now - timedelta(seconds=sweep)
    web.services.counters.saw("sweep", sweep_at)
    seen_at = sweep_at
    if heartbeat is not None:
        worker = replace(WORKER, seen_at=now - timedelta(seconds=heartbeat))
        web.services.heartbeats.write("one", worker)
        seen_at = worker.seen_at if stopped is Stopped.WORKERS else sweep_at
    known = facts(web.services)
    assert (known.stopped, known.stopped_since) == (stopped, seen_at if stopped else None)


def test_a_worker_whose_redis_is_away_logs_it_once(valkey: Valkey) -> None:
    """No exception; the next failure after a heartbeat that was written is logged again."""
    services = services_for(valkey.url, {})
    heartbeat = Heartbeat("celery@here")
    with capture_logs() as logs:
        for _ in range(2):
            valkey.stop()
            heartbeat.write(services, 0)
            heartbeat.write(services, 0)
            valkey.start()
            heartbeat.write(services, 0)
    assert [line["event"] for line in logs] == ["heartbeat.not_written"] * 2
    assert len(services.heartbeats.living(services.now())) == 1
    services.redis.close()
