"""The stub of AskElephant, as the benchmark drives it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.process import Process
from bench.settings import ROOT


@dataclass(frozen=True, slots=True)
class Requests:
    """When requests came, in seconds of the machine's monotonic clock."""

    posts: list[float]
    gets: list[float]

    @property
    def all(self) -> list[float]:
        """Both kinds."""
        return [*self.posts, *self.gets]


@dataclass(frozen=True, slots=True)
class Elephant:
    """A running stub."""

    port: int
    process: Process
    http: httpx.Client

    def seen(self) -> Requests:
        """Return what came since it was last told to forget."""
        return Requests(**self.http.get("/seen").json())

    def forget(self) -> None:
        """Let it start counting anew."""
        self.http.post("/forget")


@contextmanager
def elephant(directory: Path, name: str, port: int, hook: int) -> Iterator[Elephant]:
    """Run a stub on ``port`` whose events go to the web process on ``hook`` (0 = to nobody)."""
    argv = [sys.executable, "-m", "bench.stub", "--port", str(port), "--hook", str(hook)]
    url = f"http://127.0.0.1:{port}"
    env = {"PYTHONPATH": str(ROOT)}
    with (
        Process(f"{name}-stub", argv, env, directory) as process,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as http,
    ):
        process.wait_until(lambda: _answers(http))
        yield Elephant(port, process, http)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/seen").is_success
    except httpx.TransportError:
        return False
