"""The command lines of the bridge's processes. A test compares them with the Procfile."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CELERY = (sys.executable, "-m", "celery", "-A", "tasks")


@dataclass(frozen=True, slots=True)
class Command:
    """The command of one process.

    ``grace`` is the number of seconds between SIGTERM and SIGKILL. ``is_ready`` returns whether the
    processes that need this process can be started. If ``is_ready`` is ``None``, they are started
    at once. If the supervisor dies without stopping the process, the process gets ``death_signal``.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = 30
    pass_fds: tuple[int, ...] = ()
    is_ready: Callable[[], bool] | None = None
    death_signal: signal.Signals = signal.SIGKILL


def web(port: int, env: Mapping[str, str]) -> Command:
    """Return the command of the web process, which listens on the loopback address.

    With uvicorn's variable ``WEB_CONCURRENCY`` the process runs several web workers as children.
    The children end with the process only if it can handle its signal. The death signal is
    therefore SIGTERM.
    """
    argv = (
        *(sys.executable, "-m", "uvicorn", "bridge.web:create_app", "--factory"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--http", "bridge.asgi.connection:Connection", "--ws", "none"),
        *("--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "25"),
    )
    return Command("web", argv, env, death_signal=signal.SIGTERM)


def worker(env: Mapping[str, str], grace: float) -> Command:
    """Return the command of a Celery worker, without Celery's gossip and mingle (not needed)."""
    argv = (*CELERY, "worker", "--without-gossip", "--without-mingle")
    return Command("worker", argv, env, grace)


def beat(env: Mapping[str, str]) -> Command:
    """Return the command of Celery beat, which publishes the sweeps."""
    return Command("beat", (*CELERY, "beat"), env)


def flower(port: int, env: Mapping[str, str]) -> Command:
    """Return the command of Flower, the monitor of Celery, which listens on the loopback address.

    Flower keeps 10,000 tasks in memory. Its default of 100,000 would need too much memory:
    https://flower.readthedocs.io/en/latest/config.html#max-tasks
    """
    argv = (*CELERY, "flower", "--address=127.0.0.1", f"--port={port}", "--max-tasks=10000")
    return Command("flower", argv, env)


def sandbox(port: int, bridge_url: str, scale: float) -> Command:
    """Return the command of the sandbox, a simulator of AskElephant and WAVV.

    The sandbox sends its events to the bridge at ``bridge_url``.
    """
    argv = (
        *(sys.executable, "-m", "bridge.cli", "sandbox", "--port", str(port)),
        *("--webhook-url", f"{bridge_url}/webhooks/askelephant", "--scale", str(scale)),
    )
    return Command("sandbox", argv)
