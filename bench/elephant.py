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
    ids: list[str]
    """The engagements that the ``gets`` asked for, in the same order."""

    @property
    def all(self) -> list[float]:
        """Both kinds."""
        return [*self.posts, *self.gets]

    @property
    def first_gets(self) -> dict[str, float]:
        """When each engagement was first read."""
        return dict(zip(reversed(self.ids), reversed(self.gets), strict=True))


@dataclass(frozen=True, slots=True)
class Waits:
    """How many seconds each request takes."""

    post: float = 0.02
    get: float = 0.02


USUAL = Waits()


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
def elephant(
    directory: Path, name: str, port: int, hook: int, waits: Waits = USUAL
) -> Iterator[Elephant]:
    """Run a stub on ``port`` whose events go to the web process on ``hook`` (0 = to nobody)."""
    options = {"port": port, "hook": hook, "post-wait": waits.post, "get-wait": waits.get}
    words = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    argv = [sys.executable, "-m", "bench.stub", *words]
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
