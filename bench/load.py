"""Runs the load generator in a separate process, and returns its results."""

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
    """A measured implementation did not work correctly, so its results are not valid."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The results of one run of the load generator. ``answered`` is the number of responses.

    ``began`` is a time of the machine's monotonic clock. All times are in seconds.
    """

    answered: int
    began: float
    seconds: float
    p50: float
    p99: float
    statuses: Mapping[str, int]

    @property
    def per_second(self) -> float:
        """The number of responses per second."""
        return self.answered / self.seconds


@dataclass(frozen=True, slots=True)
class RunningLoad:
    """A running load generator, started at ``began`` on the machine's monotonic clock."""

    process: "subprocess.Popen[str]"
    began: float

    def wait(self, status: str = "202") -> LoadResult:
        """Wait for the end of the run, and return the results.

        Raises ``PeerError`` if a response has another status.
        """
        # ``communicate()`` would miss the text that was buffered when the first line was read.
        streams = (self.process.stdout, self.process.stderr)
        output, errors = ("".join(stream or ()) for stream in streams)
        if self.process.wait():
            raise PeerError(f"the load generator failed: {errors[-2000:]}")
        seen = LoadResult(**json.loads(output))
        if set(seen.statuses) != {status}:
            raise PeerError(f"not all responses were {status}: {dict(seen.statuses)}")
        return seen


def send_load(
    port: int, frames: Path, *, connections: int = 32, seconds: float = 0.0, rate: float = 0.0,
    status: str = "202",
) -> LoadResult:  # fmt: skip
    """Send requests from a separate process. Raises ``PeerError`` for another response status."""
    options = {"port": port, "frames": frames, "connections": connections}
    with _generator(options | {"seconds": seconds, "rate": rate}) as run:
        return run.wait(status)


@contextmanager
def sending_load(port: int, table: Timetable, directory: Path) -> Iterator[RunningLoad]:
    """Send each request of a timetable at its time, from a separate process. Yield the run."""
    frames = payloads.write(directory / "timetable.frames", table.frames)
    due = directory / "timetable.due"
    due.write_text(json.dumps(table.due), encoding="utf-8")
    with _generator({"port": port, "frames": frames, "due": due}) as run:
        yield run


@contextmanager
def _generator(options: Mapping[str, object]) -> Iterator[RunningLoad]:
    flags = [flag for name, value in options.items() for flag in (f"--{name}", str(value))]
    argv = [sys.executable, "-m", "bench.generator", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            began = process.stdout.readline() if process.stdout else ""
            yield RunningLoad(process, float(began or 0))
        finally:
            process.kill()
