"""A stack with two workers, on a Valkey that nothing else uses."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bridge.supervise.commands import Command
from tests.support.bridge_client import unknown_event
from tests.support.process import Process
from tests.support.stack import Stack, running_stack
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for

WORKERS = ("worker", "second-worker")
HANDLED = '"event": "event.ignored"'
"""What a worker logs about an unknown event."""


@contextmanager
def running_pair(valkey: Valkey, directory: Path) -> Iterator[Stack]:
    """Run the stack; both workers process tasks when this yields."""
    with ExitStack() as exits:
        stack = exits.enter_context(running_stack("pair", valkey.url, directory))
        first = stack.processes["worker"].command
        argv = (*first.argv, "--hostname", "second@%h")
        second = Process(Command("second-worker", argv, first.env), directory)
        stack.processes["second-worker"] = exits.enter_context(second)
        wait_until_both_work(stack)
        yield stack


def wait_until_both_work(stack: Stack) -> None:
    """Return when each worker has processed an event that was sent after this call.

    One worker cannot get all events: of the clients that wait, Redis serves the one that has waited
    longest (https://redis.io/docs/latest/commands/blpop/).
    """
    workers = [stack.processes[name] for name in WORKERS]
    before = [worker.output().count(HANDLED) for worker in workers]

    def have_worked() -> list[bool]:
        stack.bridge.post(unknown_event())
        now = [worker.output().count(HANDLED) for worker in workers]
        return [after > then for after, then in zip(now, before, strict=True)]

    wait_for(have_worked, all, "both workers take tasks")
