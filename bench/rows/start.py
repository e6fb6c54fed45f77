"""The family ``start``: the time until the command and the bridge have started."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import httpx

from bench.plan import Plan
from bench.process import Process
from bench.series import series
from bench.settings import environment
from bench.table import Row, at_most
from bridge.supervise.embedded import free_port

BRIDGE = (sys.executable, "-m", "bridge.cli")


def rows(plan: Plan) -> Iterator[Row]:
    """Measure ``bridge --help``, and ``bridge up`` until it is ready."""
    helps, ups = [], []
    for number in range(plan.rounds):
        helps.append(_seconds_of((*BRIDGE, "--help")))
        ups.append(_seconds_until_ready(plan, number))
    yield Row("`bridge --help`", series(helps), "s", at_most(0.3))
    yield Row("`bridge up` until `/readyz` is 200", series(ups), "s", at_most(4))


def _seconds_of(argv: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(argv, env=environment("", 1), capture_output=True, check=True)
    return time.monotonic() - began


def _seconds_until_ready(plan: Plan, number: int) -> float:
    port, data = free_port(), plan.directory / f"up-{number}"
    argv = (*BRIDGE, "up", "--port", str(port), "--data", str(data))
    env = environment("", 1)  # no Redis: the embedded one
    began = time.monotonic()
    with Process(f"up-{number}", argv, env, plan.directory) as process:
        process.wait_until(lambda: _is_ready(port))
        seconds = time.monotonic() - began
        process.stop(within=60)
    return seconds


def _is_ready(port: int) -> bool:
    try:
        response = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return response.is_success
