"""Running the load generator, and what it saw."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import payloads
from bench.settings import ROOT
from bench.timetable import Timetable


class PeerError(Exception):
    """A peer did not do its job, so its figures are worth nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A run: answers, seconds on the machine's monotonic clock, and waits in seconds."""

    answered: int
    began: float
    seconds: float
    p50: float
    p99: float
    statuses: Mapping[str, int]

    @property
    def per_second(self) -> float:
        """The answers per second."""
        return self.answered / self.seconds


@dataclass(frozen=True, slots=True)
class Shooting:
    """A run that has begun, at ``began`` on the machine's monotonic clock."""

    process: "subprocess.Popen[str]"
    began: float

    def wait(self, status: str = "202") -> Seen:
        """Return what it saw when it has ended; raise ``PeerError`` for any other status."""
        # Not by ``communicate()``: it misses what was read ahead with the line before.
        streams = (self.process.stdout, self.process.stderr)
        output, errors = ("".join(stream or ()) for stream in streams)
        if self.process.wait():
            raise PeerError(f"the load generator failed: {errors[-2000:]}")
        seen = Seen(**json.loads(output))
        if set(seen.statuses) != {status}:
            raise PeerError(f"not all answers were {status}: {dict(seen.statuses)}")
        return seen


def shoot(
    port: int, frames: Path, *, connections: int = 32, seconds: float = 0.0, rate: float = 0.0,
    status: str = "202",
) -> Seen:  # fmt: skip
    """Send requests from a process of its own; raise ``PeerError`` for any other status."""
    options = {"port": port, "frames": frames, "connections": connections}
    with _shooting(options | {"seconds": seconds, "rate": rate}) as run:
        return run.wait(status)


@contextmanager
def shooting_on(port: int, table: Timetable, directory: Path) -> Iterator[Shooting]:
    """Begin to send each request of a timetable at its time, and let the caller go on."""
    frames = payloads.write(directory / "timetable.frames", table.frames)
    due = directory / "timetable.due"
    due.write_text(json.dumps(table.due), encoding="utf-8")
    with _shooting({"port": port, "frames": frames, "due": due}) as run:
        yield run


@contextmanager
def _shooting(options: Mapping[str, object]) -> Iterator[Shooting]:
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    argv = [sys.executable, "-m", "bench.generator", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            began = process.stdout.readline() if process.stdout else ""
            yield Shooting(process, float(began or 0))
        finally:
            process.kill()
