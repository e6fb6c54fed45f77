"""Flower and ``/metrics`` while 1,000 tasks run in a second: both are to stay of use."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

from bench.field import BRIDGE, ingress_only
from bench.load import PeerError
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
ASKS = 8
PATIENCE = 30.0
_SUCCEEDED = re.compile(
    r'^flower_events_total\{[^}]*type="task-succeeded"[^}]*\} ([0-9.e+]+)', re.MULTILINE
)


def rows(plan: Plan) -> Iterator[Row]:
    """Announce tasks at that rate, and ask both meanwhile."""
    with running(ingress_only(BRIDGE), plan.directory) as stack:
        port = free_port()
        env = environment(stack.valkey.url, 1) | {"FLOWER_UNAUTHENTICATED_API": "true"}
        flower = Process("flower", commands.flower(port, {}).argv, env, plan.directory)
        with flower, httpx.Client(timeout=PATIENCE, trust_env=False) as http:
            page = f"http://127.0.0.1:{port}/api/tasks?limit=50"
            flower.wait_until(lambda: _answers(http, page))
            yield from _measure(stack, http, port, env)


def _measure(stack: Stack, http: httpx.Client, port: int, env: dict[str, str]) -> Iterator[Row]:
    flowers = f"http://127.0.0.1:{port}"
    argv = (sys.executable, "-m", "bench.announcer", "--rate", str(RATE), "--seconds", str(SECONDS))
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as announcing:
        pages = _times(http, f"{flowers}/api/tasks?limit=50")
        metrics = _times(http, f"http://127.0.0.1:{stack.port}/metrics")
        told, _ = announcing.communicate()
    tasks, seconds = map(float, told.split())
    about = f"{RATE} tasks a second"
    rate = series([tasks / seconds])
    yield Row(f"{about}: Flower's list of tasks", pages, "ms", at_most(1000), {"tasks/s": rate})
    yield Row(f"{about}: the bridge's `/metrics`", metrics, "ms", at_most(200))
    yield Row(f"{about}: of which Flower has heard", series([_heard(http, flowers, tasks) / tasks]),
              "x", at_least(0.99))  # fmt: skip


def _times(http: httpx.Client, url: str) -> Series:
    """Return the milliseconds of each answer."""
    found = []
    for _ in range(ASKS):
        began = time.monotonic()
        http.get(url).raise_for_status()
        found.append(1000 * (time.monotonic() - began))
        time.sleep(SECONDS / ASKS / 3)
    return series(found)


def _heard(http: httpx.Client, flowers: str, tasks: float) -> float:
    """Return of how many tasks Flower has heard the end, when it hears of no more."""
    deadline, heard = time.monotonic() + PATIENCE, 0.0
    while heard < tasks and time.monotonic() < deadline:
        heard = sum(map(float, _SUCCEEDED.findall(http.get(f"{flowers}/metrics").text)))
        time.sleep(0.2)
    if not heard:
        raise PeerError("Flower has heard of no task")
    return heard


def _answers(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(url).is_success
    except httpx.TransportError:
        return False
