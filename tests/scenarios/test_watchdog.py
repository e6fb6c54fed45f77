"""A worker that is stuck ends itself, and its successor continues."""

import signal
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from bridge.supervise.commands import Command
from tests.support import stuck_workers
from tests.support.bridge_client import unknown_event
from tests.support.process import Process
from tests.support.stack import Stack
from tests.support.tcp_link import Link
from tests.support.waiting import wait_for

EXIT_CODE = 75


@pytest.fixture
def replaced(solo: Stack) -> Iterator[Stack]:
    """Give ``solo`` without a worker, and start its worker again afterwards."""
    solo.processes["worker"].stop()
    yield solo
    stuck_workers.resume(solo.directory)
    solo.restart("worker")
    solo.wait_until_working()


def test_a_worker_that_reads_no_tasks_ends_itself(replaced: Stack) -> None:
    """A worker that reads no tasks while messages wait logs ``worker.stuck`` and ends itself.

    Its messages go to its successor. RabbitMQ gives a worker its prefetch at once, read or not, so
    only messages beyond the prefetch count as waiting.
    """
    with stuck_workers.reads_no_tasks(replaced) as worker:
        replaced.wait_until_working()
        stuck_workers.hang(replaced.directory)
        call = replaced.bridge.send_call(replaced.call())

        def poked() -> int | None:
            replaced.bridge.deliver([unknown_event()])
            return worker.ended()

        assert wait_for(poked, bool, "the stuck worker ends itself") == EXIT_CODE
        assert '"worker.stuck"' in worker.output()
    replaced.start("worker")
    replaced.bridge.reaches(call, "complete")


def test_a_watchdog_survives_errors(replaced: Stack) -> None:
    """After errors of any kind, each logged once, the watchdog still ends a stuck worker."""
    with stuck_workers.fails_to_count_at_first(replaced) as worker:
        replaced.wait_until_working()
        stuck_workers.hang(replaced.directory)
        replaced.bridge.send_call(replaced.call())
        assert wait_for(worker.ended, bool, "the stuck worker ends itself") == EXIT_CODE
        assert worker.output().count('"watchdog.cannot_count_messages"') == 1


def test_a_worker_that_cannot_end_is_ended(replaced: Stack) -> None:
    """A worker whose warm shutdown does not end is killed by its watchdog."""
    with stuck_workers.never_shuts_down(replaced) as worker:
        replaced.wait_until_working()
        worker.signal(signal.SIGTERM)
        assert wait_for(worker.ended, bool, "the worker is gone") == EXIT_CODE


def test_a_worker_survives_connections_that_freeze(replaced: Stack) -> None:
    """A worker processes tasks again after its connections froze, as a lost NAT entry does it.

    The watchdog is not involved: it would wait for ten minutes. With RabbitMQ two heartbeats must
    be missed first, so they are short here.
    """
    usual = replaced.processes["worker"].command
    broker = usual.env.get("BRIDGE_BROKER_URL", usual.env["BRIDGE_REDIS_URL"])
    argv = (*usual.argv, "--", "broker.heartbeat=2")
    with Link(urlsplit(broker).port or 0) as link:
        url = broker.replace(f":{urlsplit(broker).port}", f":{link.port}")
        env = {**usual.env, "BRIDGE_BROKER_URL": url, "BRIDGE_WORKER_STUCK_AFTER": "600"}
        hasty = Command("hasty-worker", argv, env)
        with Process(hasty, replaced.directory) as worker:
            replaced.wait_until_working()
            assert link.freeze()
            replaced.wait_until_working()
            assert worker.ended() is None
            call = replaced.bridge.send_call(replaced.call())
            replaced.bridge.rests(call)
