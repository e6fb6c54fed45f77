"""The ``bridge`` command as a process: its output and the processes that it starts."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.environment import OPERATORS_OWN
from tests.support.waiting import WITHIN

BRIDGE = str(Path(sys.executable).with_name("bridge"))

Keyboard = Callable[[bytes], object]
"""Writes these bytes to the terminal, as if they were typed."""

TAKES_THE_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without ``BRIDGE_*`` of the developer, plus these settings."""
    ours = {name: value for name, value in os.environ.items() if not OPERATORS_OWN.fullmatch(name)}
    ours.pop("PORT", None)
    return {**ours, **settings}


def run(
    *words: str, cwd: Path, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``bridge`` with these arguments until it exits."""
    return subprocess.run(  # noqa: S603 - our own command
        (BRIDGE, *words),
        cwd=cwd,
        env=environment(settings or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=WITHIN,
        check=False,
    )


@dataclass
class Running:
    """A ``bridge`` process in the background."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """Return all output so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> int:
        """Send SIGINT once; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(WITHIN)

    def descendants(self) -> dict[int, str]:
        """Return the command lines of all descendants by process id."""
        return _below(self.process.pid, _processes())


@contextmanager
def running(*words: str, cwd: Path, settings: Mapping[str, str]) -> Iterator[Running]:
    """Run ``bridge`` with these arguments in the background; end it with the block."""
    log = cwd / f"bridge-{words[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            (BRIDGE, *words),
            cwd=cwd,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    one = Running(process, log)
    try:
        yield one
    finally:
        _end(one)


@contextmanager
def running_on_terminal(*words: str, cwd: Path) -> Iterator[tuple[Running, Keyboard]]:
    """Run ``bridge`` on a new terminal; yield the process and its keyboard."""
    log = cwd / f"bridge-{words[0]}.log"
    log.touch()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        (sys.executable, "-c", TAKES_THE_TERMINAL, BRIDGE, *words),
        cwd=cwd,
        env=environment({"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "50"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    one = Running(process, log)
    watching = threading.Thread(target=_watch, args=(ours, log))
    watching.start()
    try:
        yield one, lambda keys: os.write(ours, keys)
    finally:
        _end(one)
        watching.join()
        os.close(ours)


def _watch(terminal: int, log: Path) -> None:
    """Copy all output of a terminal to the log until every process has closed the terminal."""
    with log.open("wb", buffering=0) as shown, suppress(OSError):
        while data := os.read(terminal, 65536):
            shown.write(data)


def alive(pids: Mapping[int, str]) -> dict[int, str]:
    """Return those of the processes that still run."""
    return {pid: words for pid, (_, words) in _processes().items() if pid in pids}


def _end(one: Running) -> None:
    if one.process.poll() is not None:
        return
    below = one.descendants()
    one.process.terminate()
    try:
        one.process.wait(WITHIN)
    except subprocess.TimeoutExpired:
        for pid in (one.process.pid, *below):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        one.process.wait()
        raise


Table = Mapping[int, tuple[int, str]]
"""Parent process id and command line of every process, by process id."""


def _below(pid: int, table: Table) -> dict[int, str]:
    found: dict[int, str] = {}
    for child, (parent, words) in table.items():
        if parent == pid:
            found |= {child: words, **_below(child, table)}
    return found


def _processes() -> Table:
    """Return all processes except zombies."""
    columns = ("ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args=")
    listed = subprocess.run(columns, capture_output=True, text=True, check=True).stdout  # noqa: S603 - no input
    rows = [line.split(maxsplit=3) for line in listed.splitlines()]
    return {int(r[0]): (int(r[1]), r[3]) for r in rows if not r[2].startswith("Z")}
