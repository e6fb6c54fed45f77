"""Redis goes away and comes back: every worker takes work again, not only the luckiest."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bridge.supervise.commands import Command
from tests.contract.valkey import Valkey, own_valkey
from tests.scenarios.client import unknown_event
from tests.scenarios.process import Process
from tests.scenarios.stack import Stack, running_stack
from tests.scenarios.waiting import wait_for

SECONDS = 15.0
RESTARTS = 3
HELD = 6
WORKERS = ("worker", "second-worker")
HANDLED = '"event": "event.ignored"'
"""What a worker says of an unknown event that it handled."""


@pytest.fixture(scope="module")
def valkey_of_its_own() -> Iterator[Valkey]:
    """Run a server that only this module's bridge stands on."""
    with own_valkey() as valkey:
        yield valkey


@pytest.fixture(scope="module")
def pair(valkey_of_its_own: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a bridge with two workers."""
    with ExitStack() as exits:
        directory = tmp_path_factory.mktemp("pair")
        stack = exits.enter_context(running_stack("pair", valkey_of_its_own.url, directory))
        first = stack.processes["worker"].command
        argv = (*first.argv, "--hostname", "second@%h")
        second = Process(Command("second-worker", argv, first.env), directory)
        stack.processes["second-worker"] = exits.enter_context(second)
        _wait_until_both_work(stack)
        yield stack


def test_both_workers_take_work_again_after_a_restart(
    pair: Stack, valkey_of_its_own: Valkey
) -> None:
    """Within seconds, and by themselves, also while they hold messages whose time has not come."""
    for _ in range(RESTARTS):
        for call in [pair.bridge.tell(pair.call("no-insights")) for _ in range(HELD)]:
            pair.bridge.reaches(call, "transcribed")
        valkey_of_its_own.stop()
        valkey_of_its_own.start()
        _wait_until_both_work(pair)
        assert [pair.processes[name].ended() for name in WORKERS] == [None, None]


def _wait_until_both_work(stack: Stack) -> None:
    """Return when each has handled an event from now on."""
    workers = [stack.processes[name] for name in WORKERS]
    before = [worker.output().count(HANDLED) for worker in workers]

    def have_worked() -> list[bool]:
        stack.bridge.post(unknown_event())
        now = [worker.output().count(HANDLED) for worker in workers]
        return [after > then for after, then in zip(now, before, strict=True)]

    wait_for(have_worked, all, "both workers take tasks", within=SECONDS)
