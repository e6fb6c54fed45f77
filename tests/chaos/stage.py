"""The real processes of one run, on a Valkey of their own, and the means to trouble them."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis

from bridge.simulator.askelephant import SandboxOptions
from bridge.store.connection import connect
from bridge.supervise import commands
from bridge.supervise.commands import Command
from bridge.supervise.embedded import embedded_valkey, free_port
from tests.chaos.process_restarter import ProcessRestarter
from tests.chaos.proxy import Proxy
from tests.support.bridge_client import Bridge
from tests.support.process import Process
from tests.support.sandbox import Sandbox
from tests.support.sentinels import Sentinels, running_sentinels
from tests.support.stack import (
    AGENTS,
    API_TOKEN,
    SCALE,
    WAVV_SECRET,
    answers,
    environment,
)
from tests.support.waiting import wait_for

NAMESPACE = "chaos"
CLOCK = "clock-step"
STEPPED = Path(__file__).with_name("stepped")
WORKERS = ("worker-1", "worker-2")
SETTINGS = {
    "BRIDGE_RECORDING_DEADLINE": "6",
    "BRIDGE_TRANSCRIPT_POLL_AFTER": "5",
    "BRIDGE_TRANSCRIPT_DEADLINE": "60",
    "BRIDGE_INSIGHTS_DEADLINE": "8",  # late ones take three
    "BRIDGE_INSIGHTS_MAX_DELAY": "2",
    "BRIDGE_RETRY_FIRST_DELAY": "0.5",
    "BRIDGE_RETRY_MAX_DELAY": "4",
    "BRIDGE_PROBE_INTERVAL": "2",
    "BRIDGE_SWEEP_INTERVAL": "1",
    "BRIDGE_SWEEP_GRACE": "2",
    "BRIDGE_SKIP_SHORTER_THAN": "0",
    "BRIDGE_SKIP_OUTCOMES": "",
    "BRIDGE_LOG_LEVEL": "info",
}
"""Beside the scenarios' own: longer where a busy machine must not decide how a call ends."""


ALIVE: list[Process] = []
"""All processes of all stages."""

ENDING = threading.Event()


def end_all() -> None:
    """Kill every process of every stage, whatever other threads are at; none is started any more.

    Twice, for those that were just being started.
    """
    ENDING.set()
    for _ in range(2):
        for process in [*ALIVE]:
            process.kill()
        time.sleep(0.2)


@dataclass(frozen=True)
class Needs:
    """What a fault needs of the stage it plays on.

    ``store_link`` and ``elephant_link`` put a proxy before Valkey and before AskElephant;
    ``own_clock`` gives the bridge's processes a clock that can be stepped; ``valkey`` are options
    of the server, ``settings`` of the bridge, ``beats`` how many run; ``sentinels`` puts a primary
    and its replica behind three Sentinels in Valkey's place.
    """

    store_link: bool = False
    elephant_link: bool = False
    own_clock: bool = False
    valkey: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    beats: int = 1
    sentinels: bool = False


@dataclass
class Stage:
    """Everything that runs. ``redis`` goes to Valkey itself, past any proxy."""

    directory: Path
    valkey: Process
    redis: Redis
    bridge: Bridge
    sandbox: Sandbox
    processes: Mapping[str, Process]
    restarter: ProcessRestarter
    store_link: Proxy | None = None
    elephant_link: Proxy | None = None
    sentinels: Sentinels | None = None

    def kill(self, name: str) -> None:
        """SIGKILL a process of the bridge; it is started again, as under any supervisor."""
        with self.restarter.lock:
            self.processes[name].kill()
            self.processes[name].start()

    def stop(self, *names: str) -> list[str]:
        """SIGTERM processes of the bridge, and wait for their end; return whom it took too long.

        They are killed, as by any supervisor.
        """
        late = []
        with self.restarter.lock:
            for name in names:
                try:
                    self.processes[name].stop()
                except AssertionError:
                    late.append(name)
        return late

    def start(self, *names: str) -> None:
        """Start what was stopped."""
        with self.restarter.lock:
            for name in names:
                self.processes[name].start()

    def step_clock(self, seconds: float) -> None:
        """Let the bridge's clock be so many seconds off."""
        _tell(self.directory / CLOCK, seconds)

    def start_valkey(self) -> None:
        """Start the server again, and wait until it has read its data."""
        self.valkey.start()
        self.wait_for_valkey()

    def wait_for_valkey(self) -> None:
        """Return when the server answers."""
        is_ready = self.valkey.command.is_ready
        assert is_ready is not None
        wait_for(is_ready, bool, "Valkey answers")


@contextmanager
def running_stage(directory: Path, needs: Needs) -> Iterator[Stage]:
    """Run everything in ``directory``; at the end all of it is gone, whatever happened."""
    directory.mkdir(parents=True)
    directory.joinpath("agents.csv").write_text(AGENTS, encoding="utf-8")
    with ExitStack() as exits:
        store = _store(exits, directory, needs)
        port = free_port()
        elephant, elephant_link = _linked(exits, port, wanted=needs.elephant_link)
        options, web = SandboxOptions(), free_port()
        env = environment(NAMESPACE, store.reached_by, elephant, options)
        env |= SETTINGS | dict(needs.settings) | (_clock(directory) if needs.own_clock else {})
        started = _commands(env, web, port, needs.beats)
        processes = {
            one.name: exits.enter_context(_killed_at_the_end(Process(one, directory)))
            for one in started
        }
        stage = Stage(
            directory,
            store.server,
            exits.enter_context(connect(store.url)),
            Bridge(f"http://127.0.0.1:{web}", WAVV_SECRET, API_TOKEN),
            exits.enter_context(Sandbox(f"http://127.0.0.1:{port}", options)),
            {name: one for name, one in processes.items() if name != "sandbox"},
            ProcessRestarter(processes),
            store.link,
            elephant_link,
            store.sentinels,
        )
        exits.callback(stage.bridge.http.close)
        stage.wait_for_valkey()
        _wait_until_up(stage)
        exits.enter_context(stage.restarter)
        yield stage


@dataclass(frozen=True)
class _Store:
    """The server, its URL, and the one by which the bridge reaches it."""

    server: Process
    url: str
    reached_by: str
    link: Proxy | None = None
    sentinels: Sentinels | None = None


def _store(exits: ExitStack, directory: Path, needs: Needs) -> _Store:
    if needs.sentinels:
        found = exits.enter_context(running_sentinels(directory, _killed_at_the_end))
        return _Store(found.primary, found.url, found.url, sentinels=found)
    url, command = exits.enter_context(embedded_valkey(directory))
    server = replace(command, argv=(*command.argv, *needs.valkey))
    valkey = exits.enter_context(_killed_at_the_end(Process(server, directory)))
    port, link = _linked(exits, urlsplit(url).port or 0, wanted=needs.store_link)
    reached_by = url.replace(f":{urlsplit(url).port}/", f":{port}/")
    return _Store(valkey, url, reached_by, link)


def _commands(env: Mapping[str, str], web: int, elephant: int, beats: int) -> list[Command]:
    worker, beat = commands.worker(env, 0), commands.beat(env)
    sandbox = commands.sandbox(elephant, f"http://127.0.0.1:{web}", SCALE)
    return [
        sandbox,
        *(
            replace(worker, name=name, argv=(*worker.argv, "--hostname", f"{name}@%h"))
            for name in WORKERS
        ),
        *(replace(beat, name=f"beat-{index}") for index in range(1, beats + 1)),
        commands.web(web, env),
    ]


def _clock(directory: Path) -> dict[str, str]:
    """Return the environment of a process with a clock of its own; it is right at first."""
    _tell(directory / CLOCK, 0)
    return {"PYTHONPATH": str(STEPPED), "CLOCK_STEP_FILE": str(directory / CLOCK)}


def _tell(file: Path, seconds: float) -> None:
    """Replace the file at once: it is read at any moment."""
    said = file.with_suffix(".new")
    said.write_text(str(seconds), encoding="utf-8")
    said.replace(file)


def _linked(exits: ExitStack, port: int, *, wanted: bool) -> tuple[int, Proxy | None]:
    """Return the port to use for ``port``, and the proxy that listens there if one is wanted."""
    if not wanted:
        return port, None
    link = exits.enter_context(Proxy(port, free_port()))
    return link.port, link


@contextmanager
def _killed_at_the_end(process: Process) -> Iterator[Process]:
    """Run a process. What is to be proved is proved by then, and it need not end well."""
    ALIVE.append(process)
    assert not ENDING.is_set()
    try:
        yield process.start()
    finally:
        process.kill()
        ALIVE.remove(process)


def _wait_until_up(stage: Stage) -> None:
    root = str(stage.sandbox.client.base_url)
    wait_for(lambda: answers(f"{stage.bridge.url}/livez"), bool, "the web process is up")
    wait_for(lambda: answers(f"{root}/sandbox/behaviours"), bool, "the sandbox is up")
    for name in WORKERS:
        wait_for(stage.processes[name].output, lambda told: "ready" in told, f"{name} is up")
