"""Web, worker, beat and sandbox as real processes."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx

from bridge.simulator.askelephant import SandboxOptions
from bridge.simulator.wavv.samples import SampleCall, sample_call
from bridge.supervise import commands
from bridge.supervise.commands import Command
from bridge.supervise.embedded import free_port
from tests.support.bridge_client import Bridge, unknown_event
from tests.support.process import Process
from tests.support.sandbox import Sandbox
from tests.support.waiting import WITHIN, wait_for

WAVV_SECRET = "whsec_scenarios-of-wavv"
API_TOKEN = "token-of-the-scenarios"
AGENTS = """\
id,caller_id,name,email,phone
usr_alice,,Alice Smith,alice.smith@dialer.example,
usr_ghost,,Gus Ghost,gus.ghost@unknown.example,
"""
"""The sandbox knows every user except those at ``@unknown.example``."""

SCALE = 0.005
"""The sandbox's time scale: a transcript needs 0.3 s, insights another 0.15 to 0.75 s."""

FAST = {
    "BRIDGE_SETTLE_SECONDS": "0.2",
    "BRIDGE_ASKELEPHANT_TIMEOUT": "3",  # slow recordings need 4.5: see slow-media in the cases
    "BRIDGE_RECORDING_DEADLINE": "3",
    "BRIDGE_TRANSCRIPT_POLL_AFTER": "5",  # ten times as long as the webhook needs
    "BRIDGE_TRANSCRIPT_DEADLINE": "9",
    "BRIDGE_INSIGHTS_FIRST_DELAY": "0.3",
    "BRIDGE_INSIGHTS_MAX_DELAY": "1",
    "BRIDGE_INSIGHTS_DEADLINE": "10",  # late insights need two, and a busy machine some more
    "BRIDGE_RETRY_FIRST_DELAY": "0.2",
    "BRIDGE_RETRY_MAX_DELAY": "1",
    "BRIDGE_PROBE_INTERVAL": "1",
    "BRIDGE_SWEEP_INTERVAL": "0.5",
    "BRIDGE_SWEEP_GRACE": "1",
    "BRIDGE_SKIP_SHORTER_THAN": "10",  # the samples talk for 35 seconds or more
    "BRIDGE_SKIP_OUTCOMES": "VOICEMAIL",
    "BRIDGE_LOG_LEVEL": "debug",
    "BRIDGE_LOG_FORMAT": "json",
    "BRIDGE_AGENTS_FILE": "agents.csv",
}
"""About a hundredth of the defaults; waits that must not race differ by a wide margin."""


ALONE_WITHIN = 20.0
"""Seconds until a call is recorded on a busy machine; an idle one needs 0.1 s."""


@dataclass
class Stack:
    """The processes, the client that drives them and the sandbox that observes them."""

    name: str
    bridge: Bridge
    sandbox: Sandbox
    processes: dict[str, Process]
    directory: Path
    calls: list[SampleCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = Random(self.name)  # noqa: S311 - made-up calls, not secrets

    def call(self, behaviour: str = "", **changes: object) -> SampleCall:
        """Make a new call, and keep it for the search of the logs."""
        begun = datetime.now(UTC) - timedelta(minutes=20)
        call = replace(sample_call(self._rng, begun, behaviour), **changes)  # type: ignore[arg-type]  # the changes are of many types
        self.calls.append(call)
        return call

    def requests(self, call: SampleCall, method: str = "POST") -> list[int | None]:
        """Return the statuses of the sandbox's responses to requests for a call."""
        seen = self.sandbox.journal()["requests"]
        wanted = (method, f"wavv-call-{call.call_id}")
        return [one["status"] for one in seen if (one["method"], one["external_id"]) == wanted]

    def engagements(self, call: SampleCall) -> list[dict[str, object]]:
        """Return the engagements that the sandbox made of a call."""
        made = self.sandbox.journal()["engagements"]
        return [one for one in made if one["external_id"] == f"wavv-call-{call.call_id}"]

    def restart(self, name: str, **changes: str) -> None:
        """Stop a process and start it again; the changes hold until its next start."""
        self.processes[name].stop()
        self.start(name, **changes)

    def start(self, name: str, **changes: str) -> None:
        """Start a stopped process; return when the stack responds."""
        self.processes[name].start(**changes)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Return when the web process and the sandbox respond."""
        wait_for(lambda: responds(f"{self.bridge.url}/livez"), bool, f"{self.name}'s web is up")
        root = str(self.sandbox.client.base_url)
        wait_for(lambda: responds(f"{root}/sandbox/behaviours"), bool, "the sandbox is up")

    def wait_until_working(self, within: float = WITHIN) -> None:
        """Return when a worker processes events, which the counter of unknown events shows."""
        name = "events.ignored.unknown_event"
        before = self.bridge.counted(name)
        self.bridge.deliver([unknown_event()])
        wait_for(
            lambda: self.bridge.counted(name), lambda now: now > before, "a worker works", within
        )


@contextmanager
def running_stack(name: str, redis_url: str, directory: Path, **changes: str) -> Iterator[Stack]:
    """Run a stack in a namespace of its own; stop all processes at the end of the block."""
    directory.joinpath("agents.csv").write_text(AGENTS, encoding="utf-8")
    web, elephant = free_port(), free_port()
    options = SandboxOptions()
    env = environment(name, redis_url, elephant, options) | changes
    started = [
        _sandbox_command(elephant, web),
        commands.worker(env, 0),
        commands.beat(env),
        commands.web(web, env),
    ]
    with ExitStack() as exits:
        processes = {one.name: exits.enter_context(Process(one, directory)) for one in started}
        sandbox = exits.enter_context(Sandbox(f"http://127.0.0.1:{elephant}", options))
        bridge = Bridge(f"http://127.0.0.1:{web}", WAVV_SECRET, API_TOKEN)
        exits.callback(bridge.http.close)
        stack = Stack(name, bridge, sandbox, processes, directory)
        stack.wait_until_up()
        stack.wait_until_working()
        yield stack


def sent_alone(stack: Stack, **changes: object) -> SampleCall:
    """Send a call and wait until it is recorded, so that its step has a message alone."""
    call = stack.bridge.send_call(stack.call(**changes))  # type: ignore[arg-type]  # as ``Stack.call``
    stack.bridge.reaches(call, "recorded", ALONE_WITHIN)
    return call


def environment(
    name: str, redis_url: str, elephant: int, options: SandboxOptions
) -> dict[str, str]:
    """Return the settings of the stack's processes."""
    return FAST | {
        "BRIDGE_REDIS_URL": redis_url,
        "BRIDGE_NAMESPACE": name,
        "BRIDGE_ASKELEPHANT_BASE_URL": f"http://127.0.0.1:{elephant}/api",
        "BRIDGE_ASKELEPHANT_API_KEY": options.api_keys[0].token,
        "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS": ",".join(options.webhook_secrets),
        "BRIDGE_WAVV_SECRETS": WAVV_SECRET,
        "BRIDGE_API_TOKENS": API_TOKEN,
    }


def responds(url: str) -> bool:
    """Return whether a GET request to ``url`` succeeds."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _sandbox_command(port: int, web: int) -> Command:
    bridge = str(Path(sys.executable).with_name("bridge"))
    hook = f"http://127.0.0.1:{web}/webhooks/askelephant"
    argv = (bridge, "sandbox", "--port", str(port), "--webhook-url", hook, "--scale", str(SCALE))
    return Command("sandbox", (*argv, "--noise"))
