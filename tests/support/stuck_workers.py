"""Workers that hang in different ways once a file exists, to test the watchdog."""

import sys
from pathlib import Path
from textwrap import indent

from bridge.supervise.commands import Command
from tests.support.process import Process
from tests.support.stack import Stack

SIGN = "hang"

_READS_NO_TASKS = """\
from kombu.transport.redis import Channel
asked = Channel._brpop_start
Channel._brpop_start = lambda channel, *args: None if hang.exists() else asked(channel, *args)

from amqp import Connection
read = Connection.drain_events
def reads_nothing(connection, *args, **options):
    if hang.exists() and threading.current_thread() is threading.main_thread():
        return time.sleep(0.1)
    return read(connection, *args, **options)
Connection.drain_events = reads_nothing
"""
_FAILS_TO_COUNT_AT_FIRST = """\
from tasks import watchdog
counted, looks = watchdog.waiting, iter(range(3))
def waiting(app):
    if hang.exists() and next(looks, None) is not None:
        raise LookupError("of no kind that is known")
    return counted(app)
watchdog.waiting = waiting
"""
_NEVER_SHUTS_DOWN = """\
from celery.worker.consumer import Consumer
Consumer.stop = lambda self: time.sleep(3600)  # named as the guard of patches expects
from tasks import watchdog
watchdog.ENDING_SECONDS = 1
"""
_PROGRAM = """\
import pathlib, sys, threading, time
hang = pathlib.Path("{sign}")
{fault}
from celery.__main__ import main
sys.argv[:1] = ["celery"]
main()
"""

_EACH_WORKER = """\
import pathlib, sys
if "worker" in sys.orig_argv:
    hang = pathlib.Path("{sign}")
{fault}
"""


def reads_no_tasks(stack: Stack) -> Process:
    """Return a worker that stops reading tasks from the broker once ``SIGN`` exists."""
    return _worker(stack, _READS_NO_TASKS)


def fails_to_count_at_first(stack: Stack) -> Process:
    """Return a worker that also fails to count its waiting messages at the first three checks."""
    return _worker(stack, _READS_NO_TASKS + _FAILS_TO_COUNT_AT_FIRST)


def never_shuts_down(stack: Stack) -> Process:
    """Return a worker whose warm shutdown never ends."""
    return _worker(stack, _NEVER_SHUTS_DOWN)


def _worker(stack: Stack, fault: str) -> Process:
    usual = stack.processes["worker"].command
    program = _PROGRAM.format(sign=SIGN, fault=fault)
    words = usual.argv[usual.argv.index("celery") + 1 :]
    argv = (sys.executable, "-c", program, *words)
    env = {**usual.env, "BRIDGE_WORKER_STUCK_AFTER": "3"}
    return Process(Command("stuck-worker", argv, env), stack.directory)


def hang(directory: Path) -> None:
    """Make the workers that run in ``directory`` hang."""
    directory.joinpath(SIGN).touch()


def resume(directory: Path) -> None:
    """Make these workers, and those that start later, work again."""
    directory.joinpath(SIGN).unlink(missing_ok=True)


def under_a_supervisor(directory: Path) -> dict[str, str]:
    """Return settings with which the workers of ``bridge up`` hang once ``SIGN`` exists.

    Python imports ``sitecustomize`` when it starts (https://docs.python.org/3/library/site.html).
    """
    program = _EACH_WORKER.format(sign=directory / SIGN, fault=indent(_READS_NO_TASKS, "    "))
    directory.joinpath("sitecustomize.py").write_text(program, encoding="utf-8")
    return {"PYTHONPATH": str(directory), "BRIDGE_WORKER_STUCK_AFTER": "3"}
