"""Workers that hang, each in its way, once a file says so: what time-outs are there to prevent."""

import sys
from pathlib import Path
from textwrap import indent

from bridge.supervise.commands import Command
from tests.support.process import Process
from tests.support.stack import Stack

SIGN = "hang"

_TAKES_NOTHING = """\
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
_IS_BLIND_AT_FIRST = """\
from tasks import watchdog
counted, looks = watchdog.waiting, iter(range(3))
def waiting(app):
    if hang.exists() and next(looks, None) is not None:
        raise LookupError("of no kind that is known")
    return counted(app)
watchdog.waiting = waiting
"""
_DOES_NOT_END = """\
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


def takes_nothing(stack: Stack) -> Process:
    """Return a worker that stops asking the broker for tasks once ``SIGN`` is there."""
    return _worker(stack, _TAKES_NOTHING)


def is_blind_at_first(stack: Stack) -> Process:
    """Return one that in addition cannot tell at its first looks what waits for it."""
    return _worker(stack, _TAKES_NOTHING + _IS_BLIND_AT_FIRST)


def does_not_end(stack: Stack) -> Process:
    """Return a worker whose orderly end never comes to an end."""
    return _worker(stack, _DOES_NOT_END)


def _worker(stack: Stack, fault: str) -> Process:
    usual = stack.processes["worker"].command
    program = _PROGRAM.format(sign=SIGN, fault=fault)
    words = usual.argv[usual.argv.index("celery") + 1 :]
    argv = (sys.executable, "-c", program, *words)
    env = {**usual.env, "BRIDGE_WORKER_STUCK_AFTER": "3"}
    return Process(Command("stuck-worker", argv, env), stack.directory)


def hang(directory: Path) -> None:
    """Make the workers that run in ``directory`` hang from now on."""
    directory.joinpath(SIGN).touch()


def let_go(directory: Path) -> None:
    """Let them, and those that come after them, work again."""
    directory.joinpath(SIGN).unlink(missing_ok=True)


def under_a_supervisor(directory: Path) -> dict[str, str]:
    """Return settings with which the workers of ``bridge up`` take nothing once they hang.

    Python runs a module of this name when it starts.
    """
    program = _EACH_WORKER.format(sign=directory / SIGN, fault=indent(_TAKES_NOTHING, "    "))
    directory.joinpath("sitecustomize.py").write_text(program, encoding="utf-8")
    return {"PYTHONPATH": str(directory), "BRIDGE_WORKER_STUCK_AFTER": "3"}
