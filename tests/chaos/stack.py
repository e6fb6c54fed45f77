"""The real processes of one run, on their own Valkey, and the methods that disturb them."""

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
    environment,
    responds,
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
    "BRIDGE_INSIGHTS_DEADLINE": "8",  # late insights need three
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
"""Added to the settings of tests/scenarios; longer deadlines for a busy machine."""


ALIVE: list[Process] = []
"""All processes of all runs."""

ENDING = threading.Event()


def end_all() -> None:
    """Kill all processes of all runs and prevent new ones.

    Kills twice, because another thread may have been starting a process.
    """
    ENDING.set()
    for _ in range(2):
        for process in [*ALIVE]:
            process.kill()
        time.sleep(0.2)


@dataclass(frozen=True)
class Needs:
    """What a fault needs from the stack.

    ``store_link`` and ``elephant_link`` put a proxy before Valkey and before AskElephant.
    ``own_clock`` gives the bridge's processes a clock that can be stepped. ``valkey`` are options
    of the server, ``settings`` of the bridge; ``beats`` is the number of beats. ``sentinels``
    replaces Valkey by a primary and a replica with three Sentinels.
    """

    store_link: bool = False
    elephant_link: bool = False
    own_clock: bool = False
    valkey: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    beats: int = 1
    sentinels: bool = False


@dataclass
class Stack:
    """All processes of a run; ``redis`` is connected to Valkey without a proxy."""

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
        """SIGKILL a process of the bridge and start it again, as a supervisor does."""
        with self.restarter.lock:
            self.processes[name].kill()
            self.processes[name].start()

    def stop(self, *names: str) -> list[str]:
        """SIGTERM processes of the bridge; kill and return those that do not end in time."""
        late = []
        with self.restarter.lock:
            for name in names:
                try:
                    self.processes[name].stop()
                except AssertionError:
                    late.append(name)
        return late

    def start(self, *names: str) -> None:
        """Start processes that were stopped."""
        with self.restarter.lock:
            for name in names:
                self.processes[name].start()

    def step_clock(self, seconds: float) -> None:
        """Shift the bridge's clock by this many seconds."""
        _write_step(self.directory / CLOCK, seconds)

    def start_valkey(self) -> None:
        """Start the server again and wait until it has read its data."""
        self.valkey.start()
        self.wait_for_valkey()

    def wait_for_valkey(self) -> None:
        """Return when the server responds."""
        is_ready = self.valkey.command.is_ready
        assert is_ready is not None
        wait_for(is_ready, bool, "Valkey responds")


@contextmanager
def running_stack(directory: Path, needs: Needs) -> Iterator[Stack]:
    """Run all processes in ``directory``; end all of them at the exit."""
    directory.mkdir(parents=True)
    directory.joinpath("agents.csv").write_text(AGENTS, encoding="utf-8")
    with ExitStack() as exits:
        store = _store(exits, directory, needs)
        port = free_port()
        elephant, elephant_link = _linked(exits, port, wanted=needs.elephant_link)
        options, web = SandboxOptions(), free_port()
        env = environment(NAMESPACE, store.reached_by, elephant, options)
        env |= SETTINGS | dict(needs.settings)
        if needs.own_clock:
            _write_step(directory / CLOCK, 0)
            env |= {"PYTHONPATH": str(STEPPED), "CLOCK_STEP_FILE": str(directory / CLOCK)}
        started = _commands(env, web, port, needs.beats)
        processes = {
            command.name: exits.enter_context(_killed_at_the_end(Process(command, directory)))
            for command in started
        }
        stack = Stack(
            directory,
            store.server,
            exits.enter_context(connect(store.url)),
            Bridge(f"http://127.0.0.1:{web}", WAVV_SECRET, API_TOKEN),
            exits.enter_context(Sandbox(f"http://127.0.0.1:{port}", options)),
            {name: each for name, each in processes.items() if name != "sandbox"},
            ProcessRestarter(processes),
            store.link,
            elephant_link,
            store.sentinels,
        )
        exits.callback(stack.bridge.http.close)
        stack.wait_for_valkey()
        wait_for(lambda: responds(f"{stack.bridge.url}/livez"), bool, "the web process is up")
        behaviours = f"http://127.0.0.1:{port}/sandbox/behaviours"
        wait_for(lambda: responds(behaviours), bool, "the sandbox is up")
        for name in WORKERS:
            output = stack.processes[name].output
            wait_for(output, lambda text: "ready" in text, f"{name} is up")
        exits.enter_context(stack.restarter)
        yield stack


@dataclass(frozen=True)
class _Store:
    """The server, its URL, and the URL by which the bridge reaches it."""

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


def _write_step(file: Path, seconds: float) -> None:
    """Replace the file in one step, since processes read it at any time."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds), encoding="utf-8")
    new.replace(file)


def _linked(exits: ExitStack, port: int, *, wanted: bool) -> tuple[int, Proxy | None]:
    """Return the port to use for ``port``, and the proxy on it if one is wanted."""
    if not wanted:
        return port, None
    link = exits.enter_context(Proxy(port, free_port()))
    return link.port, link


@contextmanager
def _killed_at_the_end(process: Process) -> Iterator[Process]:
    """Run a process and kill it at the exit; the checks are done by then."""
    ALIVE.append(process)
    assert not ENDING.is_set()
    try:
        yield process.start()
    finally:
        process.kill()
        ALIVE.remove(process)
