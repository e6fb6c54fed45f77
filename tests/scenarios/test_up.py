"""``bridge up`` as an operator runs it, with ``bridge sandbox`` as AskElephant."""

import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from bridge.simulator.wavv.samples import SampleCall, sample_call
from bridge.supervise.embedded import free_port
from tests.support import stuck_workers
from tests.support.bridge_client import Bridge
from tests.support.bridge_command import BRIDGE, Running, alive, environment, run, running
from tests.support.stack import responds
from tests.support.waiting import WITHIN, wait_for

WAVV_SECRET = "whsec_of-up"
API_TOKEN = "token-of-up"
SOON = 40.0
"""Seconds within which everything ends; an idle machine needs three or four."""

HASTY = {
    "BRIDGE_WAVV_SECRETS": WAVV_SECRET,
    "BRIDGE_API_TOKENS": API_TOKEN,
    "BRIDGE_ASKELEPHANT_TIMEOUT": "2",
    "BRIDGE_SETTLE_SECONDS": "1",
    "BRIDGE_TRANSCRIPT_POLL_AFTER": "3",
    "BRIDGE_INSIGHTS_FIRST_DELAY": "0.5",
    "BRIDGE_INSIGHTS_MAX_DELAY": "1",
    "BRIDGE_RETRY_FIRST_DELAY": "0.5",
    "BRIDGE_SWEEP_INTERVAL": "0.5",
    "BRIDGE_SWEEP_GRACE": "1",
}


@dataclass(frozen=True)
class Place:
    """The directory and settings of a bridge, and its sandbox."""

    directory: Path
    port: int
    elephant: str
    settings: Mapping[str, str]
    bridge: Bridge

    @property
    def url(self) -> str:
        """The URL of the bridge."""
        return self.bridge.url

    def readiness(self) -> Any:  # noqa: ANN401 - the body of /readyz
        """Return the body of ``/readyz``, or ``{}`` while nothing listens."""
        return self.bridge.readiness() if responds(f"{self.url}/livez") else {}

    def engagements(self, call: SampleCall) -> int:
        """Return how many engagements AskElephant made of the call."""
        made = httpx.get(f"{self.elephant}/sandbox/journal", trust_env=False).json()["engagements"]
        return sum(one["external_id"] == f"wavv-call-{call.call_id}" for one in made)

    @contextmanager
    def up(self, *words: str) -> Iterator[Running]:
        """Run ``bridge up``; it is ready when this yields."""
        words = ("up", "--port", str(self.port), *words)
        with running(*words, cwd=self.directory, settings=self.settings) as one:
            wait_for(self.readiness, lambda r: r.get("status") == "ready", "it is ready")
            yield one


@contextmanager
def placed(directory: Path) -> Iterator[Place]:
    """Run a sandbox, with settings from ``bridge sandbox --settings``."""
    port, elephant = free_port(), free_port()
    hook = f"http://127.0.0.1:{port}/webhooks/askelephant"
    words = ("sandbox", "--port", str(elephant), "--webhook-url", hook, "--scale", "0.02")
    printed = run(*words, "--settings", cwd=directory).stdout
    printed_settings = dict(line.split("=", 1) for line in printed.splitlines())
    url = f"http://127.0.0.1:{elephant}"
    with running(*words, cwd=directory, settings={}):
        wait_for(lambda: responds(f"{url}/sandbox/behaviours"), bool, "the sandbox is up")
        with client(port) as bridge:
            yield Place(directory, port, url, HASTY | printed_settings, bridge)


@contextmanager
def client(port: int) -> Iterator[Bridge]:
    """Give a client of the bridge on ``port``."""
    bridge = Bridge(f"http://127.0.0.1:{port}", WAVV_SECRET, API_TOKEN)
    try:
        yield bridge
    finally:
        bridge.http.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a place for a bridge that the test starts and ends."""
    with placed(tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
def flowering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Running, str]]:
    """Run one bridge with Flower for several tests; give also Flower's URL."""
    port = free_port()
    flower = ("--flower", "--flower-port", str(port))
    with placed(tmp_path_factory.mktemp("up")) as place, place.up(*flower) as up:
        yield place, up, f"http://127.0.0.1:{port}"


def a_call(number: int) -> SampleCall:
    """Make a new call."""
    begun = datetime.now(UTC) - timedelta(minutes=20)
    return sample_call(Random(number), begun)  # noqa: S311 - made-up calls, not secrets


def test_one_ctrl_c_stops_all_in_order_and_leaves_nothing_running(place: Place) -> None:
    """Ctrl-C stops web, beat, workers and Valkey in this order; the exit code is 0."""
    with place.up() as up:
        started = up.descendants()
        assert up.interrupt() == 0
        assert not alive(started)
        words = ("web      | ", "worker   | worker: Warm shutdown", "Valkey is now ready to exit")
        last = [up.output().rindex(line) for line in words]
    names = ("uvicorn", "worker", "beat", "valkey")
    assert all(any(name in one for one in started.values()) for name in names)
    assert last == sorted(last)


def test_a_second_start_continues_the_calls(place: Place) -> None:
    """After a restart, calls that were stopped on their way complete."""
    calls = begun, accepted = [a_call(1), a_call(2)]
    with place.up() as up:
        place.bridge.send_call(begun)
        place.bridge.reaches(begun, "submitted")
        place.bridge.send_call(accepted)
        assert up.interrupt() == 0
    with place.up():
        for call in calls:
            place.bridge.reaches(call, "complete")
    assert [place.engagements(call) for call in calls] == [1, 1]


def test_a_killed_worker_is_started_again_and_carries_the_next_call(
    flowering: tuple[Place, Running, str],
) -> None:
    """A killed worker is started again, and processes the next call."""
    place, up, _ = flowering
    (worker,) = [pid for pid, words in up.descendants().items() if "tasks worker" in words]
    os.kill(worker, signal.SIGKILL)
    line = "worker   | ended with exit code -9; starting it again"
    wait_for(up.output, lambda output: line in output, "the exit is logged")
    call = place.bridge.send_call(a_call(3))
    place.bridge.reaches(call, "complete")
    assert place.engagements(call) == 1


def test_a_stuck_worker_is_started_again_and_what_it_left_completes(place: Place) -> None:
    """A stuck worker ends itself, is started again, and the calls that it left complete."""
    settings = {**place.settings, **stuck_workers.under_a_supervisor(place.directory)}
    with replace(place, settings=settings).up() as up:
        stuck_workers.hang(place.directory)
        call = place.bridge.send_call(a_call(4))
        line = "worker   | ended with exit code 75; starting it again"
        wait_for(up.output, lambda output: line in output, "the worker has ended itself")
        stuck_workers.resume(place.directory)
        place.bridge.reaches(call, "complete")
    assert place.engagements(call) == 1


def test_flower_runs_with_its_option(flowering: tuple[Place, Running, str]) -> None:
    """With ``--flower`` Flower runs on the loopback without a password."""
    _, _, flower = flowering
    wait_for(lambda: responds(f"{flower}/healthcheck"), bool, "Flower responds")


def test_made_up_calls_go_all_the_way(flowering: tuple[Place, Running, str]) -> None:
    """Calls of ``bridge send`` complete; it reads its secret from the same settings."""
    place, _, _ = flowering
    words = ("send", "--url", place.url, "--seed", "7", "--count", "2")
    sent = run(*words, cwd=place.directory, settings=place.settings)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.splitlines()[-1] == "6 of 6 events accepted"
    listed = wait_for(
        lambda: place.bridge.get("/api/calls?limit=200").json()["data"],
        lambda calls: sum(one["state"] == "complete" for one in calls) >= 2,
        "the calls complete",
    )
    assert {one["reason"] for one in listed} == {None}


def test_without_credentials_it_runs_and_names_them(tmp_path: Path) -> None:
    """Without credentials ``bridge up`` runs on ``PORT``, and names the missing settings."""
    port = free_port()
    settings = {"PORT": str(port)}
    with client(port) as bridge, running("up", cwd=tmp_path, settings=settings) as up:
        place = Place(tmp_path, port, "", settings, bridge)
        readiness = wait_for(place.readiness, bool, "it responds")
        assert up.interrupt() == 0
    missing = {c["detail"] for c in readiness["checks"].values() if not c["ok"]}
    names = ("ASKELEPHANT_API_KEY", "ASKELEPHANT_WEBHOOK_SECRETS", "WAVV_SECRETS")
    assert {f"set BRIDGE_{name}" for name in names} <= missing
    assert readiness["status"] == "not ready"


def test_it_stops_in_order_without_a_reader_of_its_output(place: Place) -> None:
    """The bridge stops in order, also when the reader of its output has gone."""
    words = (BRIDGE, "up", "--port", str(place.port))
    env = environment(place.settings)
    with subprocess.Popen(words, cwd=place.directory, env=env, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        up = Running(process, place.directory / "none")
        wait_for(place.readiness, lambda r: r.get("status") == "ready", "it is ready")
        started = up.descendants()
        assert process.stdout is not None
        process.stdout.close()
        begun = time.monotonic()
        assert up.interrupt() == 0
        assert time.monotonic() - begun < SOON
    assert not alive(started)


def test_sigkill_leaves_nothing_running(place: Place) -> None:
    """After SIGKILL no process is left, and the next start continues the calls."""
    settings = {**place.settings, "WEB_CONCURRENCY": "2"}
    with replace(place, settings=settings).up("--flower", "--flower-port", str(free_port())) as up:
        started = up.descendants()
        up.process.kill()
        up.process.wait()
        wait_for(lambda: alive(started), lambda left: not left, "all are gone")
    names = ("uvicorn", "worker", "beat", "flower", "valkey")
    assert all(any(name in one for one in started.values()) for name in names)
    with place.up() as up:
        assert up.interrupt() == 0


def test_unread_output_freezes_nothing(place: Place) -> None:
    """Calls go on while the output is not read, and SIGTERM stops all in order."""
    words = (BRIDGE, "up", "--port", str(place.port))
    env = environment({**place.settings, "BRIDGE_LOG_LEVEL": "debug"})
    with subprocess.Popen(words, cwd=place.directory, env=env, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        up = Running(process, place.directory / "none")
        wait_for(place.readiness, lambda r: r.get("status") == "ready", "it is ready")
        started = up.descendants()
        for number in range(20, 25):
            place.bridge.reaches(place.bridge.send_call(a_call(number)), "complete")
        process.terminate()
        assert process.wait(WITHIN) == 0
    assert not alive(started)


def test_a_log_disk_that_is_full_stops_nothing(place: Place) -> None:
    """With a full log disk lines are dropped, and a worker that ends is started again."""
    words = (BRIDGE, "up", "--port", str(place.port))
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen(  # noqa: S603 - our own command
            words, cwd=place.directory, env=environment(place.settings), stdout=full, stderr=full
        ) as process,
    ):
        up = Running(process, place.directory / "none")
        wait_for(place.readiness, lambda r: r.get("status") == "ready", "it is ready")
        (worker,) = [pid for pid, words in up.descendants().items() if "tasks worker" in words]
        os.kill(worker, signal.SIGKILL)
        place.bridge.reaches(place.bridge.send_call(a_call(30)), "complete")
        assert up.interrupt() == 0


def test_no_process_shows_the_stores_password(
    flowering: tuple[Place, Running, str],
) -> None:
    """No command line and no log shows the store's password."""
    place, up, flower = flowering
    config = (place.directory / ".bridge" / "valkey" / "valkey.conf").read_text()
    (password,) = re.findall(r'requirepass "(.+)"', config)
    assert not [words for words in up.descendants().values() if password in words]
    assert password not in up.output()

    def queues() -> str:
        # Flower reads the queues of workers when it starts, and workers may start after it.
        httpx.get(f"{flower}/workers?refresh=1", trust_env=False)
        return httpx.get(f"{flower}/broker", trust_env=False).text

    page = wait_for(queues, lambda text: "celery" in text, "Flower shows the queues")
    assert password not in page
