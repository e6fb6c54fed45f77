"""The family ``flower``: Flower and ``/metrics`` during the events of 1,000 tasks a second."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

from bench.load import PeerError
from bench.peer_list import BRIDGE, ingress_only
from bench.plan import Plan
from bench.process import Process
from bench.series import Series, series
from bench.settings import ROOT, environment
from bench.stack import Stack, running
from bench.table import Row, at_least, at_most
from bridge.supervise import commands
from bridge.supervise.embedded import free_port

RATE = 1000
SECONDS = 10.0
REQUESTS = 8
WITHIN = 30.0
_SUCCEEDED = re.compile(
    r'^flower_events_total\{[^}]*type="task-succeeded"[^}]*\} ([0-9.e+]+)', re.MULTILINE
)


def rows(plan: Plan) -> Iterator[Row]:
    """Send the events of 1,000 tasks a second, and measure requests to Flower and ``/metrics``."""
    with running(ingress_only(BRIDGE), plan.directory) as stack:
        port = free_port()
        env = environment(stack.valkey.url, 1) | {"FLOWER_UNAUTHENTICATED_API": "true"}
        flower = Process("flower", commands.flower(port, {}).argv, env, plan.directory)
        with flower, httpx.Client(timeout=WITHIN, trust_env=False) as http:
            page = f"http://127.0.0.1:{port}/api/tasks?limit=50"
            flower.wait_until(lambda: _answers(http, page))
            yield from _measure(stack, http, port, env)


def _measure(stack: Stack, http: httpx.Client, port: int, env: dict[str, str]) -> Iterator[Row]:
    flowers = f"http://127.0.0.1:{port}"
    argv = (sys.executable, "-m", "bench.announcer", "--rate", str(RATE), "--seconds", str(SECONDS))
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as announcing:
        pages = _times(http, f"{flowers}/api/tasks?limit=50")
        metrics = _times(http, f"http://127.0.0.1:{stack.port}/metrics")
        printed, _ = announcing.communicate()
    tasks, seconds = map(float, printed.split())
    about = f"{RATE} tasks a second"
    rate = series([tasks / seconds])
    yield Row(f"{about}: Flower's list of tasks", pages, "ms", at_most(1000), {"tasks/s": rate})
    yield Row(f"{about}: the bridge's `/metrics`", metrics, "ms", at_most(200))
    received = series([_received(http, flowers, tasks) / tasks])
    yield Row(f"{about}: share that Flower received", received, "x", at_least(0.99))


def _times(http: httpx.Client, url: str) -> Series:
    """Send requests to ``url``. Return the milliseconds until each response."""
    found = []
    for _ in range(REQUESTS):
        began = time.monotonic()
        http.get(url).raise_for_status()
        found.append(1000 * (time.monotonic() - began))
        time.sleep(SECONDS / REQUESTS / 3)
    return series(found)


def _received(http: httpx.Client, flowers: str, tasks: float) -> float:
    """Return for how many tasks Flower has received the end. Wait at most 30 seconds for all."""
    deadline, received = time.monotonic() + WITHIN, 0.0
    while received < tasks and time.monotonic() < deadline:
        received = sum(map(float, _SUCCEEDED.findall(http.get(f"{flowers}/metrics").text)))
        time.sleep(0.2)
    if not received:
        raise PeerError("Flower received no event of a task")
    return received


def _answers(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(url).is_success
    except httpx.TransportError:
        return False
