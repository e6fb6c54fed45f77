"""Running the load generator, and what it saw."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.settings import ROOT


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


def shoot(
    port: int, frames: Path, *, connections: int = 32, seconds: float = 0.0, rate: float = 0.0,
    status: str = "202",
) -> Seen:  # fmt: skip
    """Send requests from a process of its own; raise ``PeerError`` for any other status."""
    options = {"port": port, "frames": frames, "connections": connections}
    options |= {"seconds": seconds, "rate": rate}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    argv = [sys.executable, "-m", "bench.generator", *words]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise PeerError(f"the load generator failed: {ran.stderr[-2000:]}")
    seen = Seen(**json.loads(ran.stdout))
    if set(seen.statuses) != {status}:
        raise PeerError(f"not all answers were {status}: {dict(seen.statuses)}")
    return seen
