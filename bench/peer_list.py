"""The implementations that the benchmark compares (peers), with the commands that start them.

Each one runs on two cores, with the defaults of its libraries.
"""

from dataclasses import replace

from bench.settings import ROOT
from bench.stack import CONNECTION, WEB, Peer
from bridge.supervise import commands

WORKERS = 2
"""The number of worker processes of each implementation. A process can use one core."""

PREFORKED = 16
"""The child processes of the naive implementation's worker. Most of them wait for AskElephant. More
would need too much memory.
"""

ARQS, TASKIQS = (ROOT / ".venv-bench" / name / "bin" / "python" for name in ("arq", "taskiq"))
"""The Python interpreters of the environments that ``make bench`` creates for arq and taskiq."""


def _celery_worker(number: int) -> tuple[str, ...]:
    return (*commands.worker({}, 0).argv, "--hostname", f"worker-{number}@%h")


_NAIVE = (*commands.CELERY[:3], "-A", "bench.peers.naive:celery", "worker")
_LEAST = (*commands.CELERY[:3], "-A", "bench.peers.least:celery", "worker", "-P", "threads")
_ARQ = (str(ARQS), "-m", "arq", "bench.peers.arq_peer.WorkerSettings")
_TASKIQ = (str(TASKIQS), "-m", "taskiq", "worker", "--workers", str(WORKERS))

FLOOR = Peer("floor", "bench.peers.floor:create_app", CONNECTION)


def bridge_with(workers: int) -> Peer:
    """Create the bridge's entry in the comparison, with this number of worker processes."""
    processes = (*map(_celery_worker, range(workers)), commands.beat({}).argv)
    return Peer(f"bridge-{workers}", WEB, CONNECTION, workers=processes)


BRIDGE = replace(bridge_with(WORKERS), name="bridge")
NAIVE = Peer(
    "naive",
    "bench.peers.naive:create_app",
    workers=((*_NAIVE, "--concurrency", str(PREFORKED)),),
)
LEAST = Peer(
    "least",
    "bench.peers.least:create_app",
    workers=tuple((*_LEAST, "-c", "32", "-n", f"worker-{n}@%h") for n in range(WORKERS)),
)
ARQ = Peer("arq", "bench.peers.arq_peer:create_app", python=ARQS, workers=(_ARQ,) * WORKERS)
TASKIQ = Peer(
    "taskiq",
    "bench.peers.taskiq_peer:create_app",
    python=TASKIQS,
    workers=((*_TASKIQ, "bench.peers.taskiq_peer:broker"),),
)


def ingress_only(peer: Peer) -> Peer:
    """Copy an implementation without its workers, to measure its web process alone."""
    return replace(peer, workers=())


def are_installed() -> bool:
    """Return whether the Python environments of arq and taskiq exist."""
    return ARQS.exists() and TASKIQS.exists()
