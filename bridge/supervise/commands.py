"""The processes of the bridge, as the Procfile has them (a test holds the two together)."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CELERY = (sys.executable, "-m", "celery", "-A", "tasks")


@dataclass(frozen=True, slots=True)
class Command:
    """One process. ``grace`` is how many seconds it may take to end after SIGTERM.

    ``is_ready`` tells whether those that need it may be started; ``None`` = at once. The process
    gets ``death_signal`` when its supervisor dies without stopping it.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = 30
    pass_fds: tuple[int, ...] = ()
    is_ready: Callable[[], bool] | None = None
    death_signal: signal.Signals = signal.SIGKILL


def web(port: int, env: Mapping[str, str]) -> Command:
    """Return the web process on the loopback; ``WEB_CONCURRENCY`` is uvicorn's own variable.

    With several, uvicorn's workers are its children, and end with it only when it may stop them.
    """
    argv = (
        *(sys.executable, "-m", "uvicorn", "bridge.web:create_app", "--factory"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--http", "bridge.asgi.connection:Connection", "--ws", "none"),
        *("--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "25"),
    )
    return Command("web", argv, env, death_signal=signal.SIGTERM)


def worker(env: Mapping[str, str], grace: float) -> Command:
    """Return a worker. Gossip and mingle are chatter between workers that nothing here needs."""
    argv = (*CELERY, "worker", "--without-gossip", "--without-mingle")
    return Command("worker", argv, env, grace)


def beat(env: Mapping[str, str]) -> Command:
    """Return beat, which starts the sweep."""
    return Command("beat", (*CELERY, "beat"), env)


def flower(port: int, env: Mapping[str, str]) -> Command:
    """Return Flower on the loopback. It keeps 100,000 tasks by default: too many for months."""
    argv = (*CELERY, "flower", "--address=127.0.0.1", f"--port={port}", "--max-tasks=10000")
    return Command("flower", argv, env)


def sandbox(port: int, bridge_url: str, scale: float) -> Command:
    """Return the sandbox, whose events go to the bridge at ``bridge_url``."""
    argv = (
        *(sys.executable, "-m", "bridge.cli", "sandbox", "--port", str(port)),
        *("--webhook-url", f"{bridge_url}/webhooks/askelephant", "--scale", str(scale)),
    )
    return Command("sandbox", argv)
