"""Flower shows the workers and the tasks of calls, and of a call only its id."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bridge.broker.publisher import DRAIN, SWEEP
from bridge.domain.steps import INSIGHTS, SUBMIT
from bridge.supervise import commands
from bridge.supervise.embedded import free_port
from tests.support.leaks import private
from tests.support.process import Process
from tests.support.stack import Stack, responds
from tests.support.waiting import WITHIN, wait_for


@pytest.fixture(scope="module")
def flower(shared: Stack) -> Iterator[httpx.Client]:
    """Run Flower with its API open, which is closed by default."""
    port = free_port()
    env = {**shared.processes["web"].command.env, "FLOWER_UNAUTHENTICATED_API": "true"}
    url = f"http://127.0.0.1:{port}"
    process = Process(commands.flower(port, env), shared.directory)
    shared.processes["flower"] = process
    with process, httpx.Client(base_url=url, timeout=WITHIN, trust_env=False) as client:
        wait_for(lambda: responds(f"{url}/healthcheck"), bool, "Flower is up")
        # Flower turns the events of workers on every five seconds; it sees no task before that.
        wait_for(lambda: _seen_after_a_call(client, shared), bool, "Flower sees tasks")
        yield client


def _seen_after_a_call(flower: httpx.Client, stack: Stack) -> Any:  # noqa: ANN401 - any JSON
    """Return the tasks that Flower shows after one more call is complete."""
    stack.bridge.reaches(stack.bridge.send_call(stack.call()), "complete")
    return flower.get("/api/tasks?limit=1").json()


def test_flower_shows_a_living_worker(flower: httpx.Client) -> None:
    """Flower shows a running worker, although gossip and mingle are off."""
    found: Any = wait_for(
        lambda: flower.get("/api/workers?status=true").json(),
        lambda workers: workers and all(workers.values()),
        "Flower sees the worker",
    )
    assert len(found) == 1


def test_flower_shows_tasks_by_their_call_id(flower: httpx.Client, shared: Stack) -> None:
    """The arguments of the tasks in Flower are call ids."""
    call = shared.bridge.send_call(shared.call())
    shared.bridge.reaches(call, "complete")
    found: Any = wait_for(
        lambda: flower.get("/api/tasks?limit=1000").json(),
        lambda tasks: any(call.call_id in str(task["args"]) for task in tasks.values()),
        "Flower shows the call's tasks",
    )
    assert not [value for value in private(call) if value in str(found)]


def test_flower_shows_the_tasks_of_calls_only(flower: httpx.Client, shared: Stack) -> None:
    """Flower's list has no intake and no sweep, which would hide the tasks of calls."""
    call = shared.bridge.send_call(shared.call())
    shared.bridge.reaches(call, "complete")
    names: Any = wait_for(
        lambda: {task["name"] for task in flower.get("/api/tasks?limit=1000").json().values()},
        lambda names: names >= {SUBMIT.task, INSIGHTS.task},
        "Flower shows submissions and fetches",
    )
    assert not names & {DRAIN, SWEEP}
