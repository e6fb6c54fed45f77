"""Starts the stub of AskElephant, and reads the requests that it received."""

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
    """The times of the requests to the stub of AskElephant, in seconds of the monotonic clock."""

    posts: list[float]
    gets: list[float]
    ids: list[str]
    """The engagement ids of the GETs, in the order of ``gets``."""

    @property
    def all(self) -> list[float]:
        """The times of all requests, POSTs first."""
        return [*self.posts, *self.gets]

    @property
    def first_gets(self) -> dict[str, float]:
        """The time of the first GET of each engagement, by id."""
        return dict(zip(reversed(self.ids), reversed(self.gets), strict=True))


@dataclass(frozen=True, slots=True)
class Waits:
    """The seconds that the stub of AskElephant waits before it responds, by method."""

    post: float = 0.02
    get: float = 0.02


USUAL = Waits()


@dataclass(frozen=True, slots=True)
class Elephant:
    """A running stub of AskElephant."""

    port: int
    process: Process
    http: httpx.Client

    def seen(self) -> Requests:
        """Return the requests that the stub has received since the last ``forget``."""
        return Requests(**self.http.get("/seen").json())

    def forget(self) -> None:
        """Make the stub forget all requests that it has received."""
        self.http.post("/forget")


@contextmanager
def elephant(
    directory: Path, name: str, port: int, hook: int, waits: Waits = USUAL
) -> Iterator[Elephant]:
    """Run a stub of AskElephant on ``port``.

    The stub sends its events to the web process on port ``hook``, or no events if ``hook`` is 0.
    """
    options = {"port": port, "hook": hook, "post-wait": waits.post, "get-wait": waits.get}
    flags = [flag for option, value in options.items() for flag in (f"--{option}", str(value))]
    argv = [sys.executable, "-m", "bench.stub", *flags]
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
