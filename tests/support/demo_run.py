"""The demo's calls through the demo's processes, with all traffic recorded.

The processes log at debug level, and Flower runs. Redis and Flower need a password. Every HTTPS
request would go to a listener that counts connections.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx

from bridge.domain.call import RESTING
from bridge.simulator.askelephant import SandboxOptions
from bridge.simulator.askelephant.content import TASKS
from bridge.simulator.demo.environment import SCALE, DemoEnvironment, new_environment
from bridge.simulator.demo.scenarios import demo_calls
from bridge.simulator.wavv.channels import SHAPES, deliveries
from bridge.simulator.wavv.delivery import Delivery, by_signature
from bridge.simulator.wavv.samples import SampleCall, sample_call
from bridge.simulator.wavv.sender import send
from bridge.supervise import commands
from bridge.supervise.stack import Ports, stack
from config import Settings
from tests.support.leaks import private
from tests.support.listener import Listener, listening
from tests.support.process import Process
from tests.support.stack import responds
from tests.support.valkey import own_valkey
from tests.support.waiting import WITHIN, wait_for

REDIS_PASSWORD = "the-password-of-redis"
FLOWER_PASSWORD = "the-password-of-flower"
TEXTS = {
    "agentName": "Nora Quist",
    "agentEmail": "nora.quist@dialer.example",
    "note": "Asks for a call at her mother's",
    "summary": "They spoke about the flat in Harlem",
    "transcript": "Nora: Good morning. Lead: I moved to Harlem.",
}
"""More fields that WAVV may send about the people on a call."""


@dataclass(frozen=True)
class DemoRun:
    """The running demo, its calls, and what its processes write."""

    demo: DemoEnvironment
    directory: Path
    listener: Listener
    redis_url: str
    processes: dict[str, Process] = field(default_factory=dict)
    calls: list[SampleCall] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """Every command that Redis received from any client, as MONITOR shows it."""

    def secrets(self) -> set[str]:
        """Return every key, token, secret and password in use."""
        options = SandboxOptions()
        hooks = {secret.removeprefix("whsec_") for secret in options.webhook_secrets}
        own = {self.demo.wavv_secret.removeprefix("whsec_"), self.demo.api_token}
        key = options.api_keys[0].token
        return hooks | own | {key, key.partition(".")[2], REDIS_PASSWORD, FLOWER_PASSWORD}

    def people(self) -> set[str]:
        """Return the private values of the calls: names, numbers, addresses, links and texts."""
        values = {value for call in self.calls for value in private(call)} | set(TEXTS.values())
        values |= {words for task in TASKS for words in task}
        owner = SandboxOptions().key_owner
        values |= {owner.name or "", owner.email or ""}
        for body in self.bodies:
            data = json.loads(body)["data"]
            values |= {data["contactName"], data["phone"], data["callerId"]}
            values.add(str(data.get("recordingUrl", "")).partition("X-Signature=")[2])
        return values - {""}

    def found_in(self, text: str) -> list[str]:
        """Return the private values that a text contains."""
        return sorted(value for value in self.secrets() | self.people() if value in text)

    def post(self, sent: Sequence[Delivery]) -> list[str]:
        """Post deliveries as WAVV does; return the details of those that were refused."""
        auth = by_signature(self.demo.wavv_secret, time.time)
        with httpx.Client(timeout=WITHIN, trust_env=False) as client:
            responses = send(sent, self.demo.web_url, auth, client)
        return [one.detail for one in responses if not one.is_accepted]

    def api(self, path: str, token: str = "") -> httpx.Response:
        """GET a path of the bridge's API."""
        headers = {"Authorization": f"Bearer {token or self.demo.api_token}"}
        return httpx.get(
            f"{self.demo.web_url}{path}", headers=headers, timeout=WITHIN, trust_env=False
        )

    def replay(self, order: object) -> httpx.Response:
        """POST a replay to the API."""
        headers = {"Authorization": f"Bearer {self.demo.api_token}"}
        url = f"{self.demo.web_url}/api/replay"
        return httpx.post(url, json=order, headers=headers, timeout=WITHIN, trust_env=False)

    def flower(self, path: str, password: str = FLOWER_PASSWORD) -> httpx.Response:
        """GET a path of Flower."""
        url = f"http://127.0.0.1:{self.demo.flower_port}{path}"
        return httpx.get(url, auth=("operator", password), timeout=WITHIN, trust_env=False)

    def has_ended(self) -> bool:
        """Return whether every call is in a final state."""
        states = [call["state"] for call in self.api("/api/calls?limit=200").json()["data"]]
        return bool(states) and all(state in RESTING for state in states)


@contextmanager
def running_demo(directory: Path) -> Iterator[DemoRun]:
    """Start the demo, send its calls and one of each channel, and wait until all have ended."""
    demo = new_environment(with_flower=True)
    with ExitStack() as exits:
        valkey = exits.enter_context(own_valkey())
        valkey.redis.config_set("requirepass", REDIS_PASSWORD)
        port = urlsplit(valkey.url).port
        protected = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{port}/0"
        listener = exits.enter_context(listening())
        one = DemoRun(demo, directory, listener, protected)
        exits.enter_context(_monitored(port or 0, one.commands))
        for process in _processes(one):
            one.processes[process.command.name] = exits.enter_context(process)
        wait_for(lambda: responds(f"{demo.web_url}/readyz"), bool, "the web process is ready")
        flower = f"http://127.0.0.1:{demo.flower_port}/healthcheck"
        wait_for(lambda: responds(flower), bool, "Flower is up")
        # Flower turns the workers' events on every five seconds; it sees no task before that.
        wait_for(lambda: _flower_sees_a_call(one), bool, "Flower sees the task of a call")
        _send_calls(one)
        yield one


def _flower_sees_a_call(one: DemoRun) -> bool:
    """Send one more call, and return whether Flower has seen a task of any call."""
    call = sample_call(Random(), datetime.now(UTC) - timedelta(minutes=20))  # noqa: S311 - one more of the demo's calls
    assert one.post(deliveries(call, "v3")) == []
    wait_for(
        lambda: one.api(f"/api/calls/{call.call_id}").json().get("state"),
        lambda state: state in RESTING,
        "the call is complete",
    )
    return "tasks.insights.fetch_insights" in one.flower("/api/tasks?limit=100").text


def _processes(one: DemoRun) -> Iterator[Process]:
    demo = one.demo
    env = {
        **demo.variables(),
        "BRIDGE_REDIS_URL": one.redis_url,
        "BRIDGE_LOG_LEVEL": "debug",
        "FLOWER_BASIC_AUTH": f"operator:{FLOWER_PASSWORD}",
        "HTTPS_PROXY": f"http://127.0.0.1:{one.listener.port}",
    }
    settings = Settings.model_construct(redis_url=one.redis_url)
    yield Process(commands.sandbox(demo.sandbox_port, demo.web_url, SCALE), one.directory)
    with stack(settings, Ports(demo.web_port, demo.flower_port), one.directory, env) as ours:
        yield from (Process(command, one.directory) for command in ours)


def _send_calls(one: DemoRun) -> None:
    now, rng = datetime.now(UTC), Random(25)  # noqa: S311 - the demo's own calls
    for demo_call in demo_calls(rng, now):
        one.bodies.extend(delivery.body for delivery in demo_call.deliveries)
        assert one.post(demo_call.deliveries) == []
    for channel in SHAPES:
        call = sample_call(rng, now - timedelta(minutes=20))
        one.calls.append(call)
        assert one.post(deliveries(call, channel)) == []
    talk = sample_call(rng, now - timedelta(minutes=20))
    one.calls.append(talk)
    assert one.post([_with_texts(sent) for sent in deliveries(talk, "v3")]) == []
    wait_for(one.has_ended, bool, "every call comes to rest")


def _with_texts(sent: Delivery) -> Delivery:
    body = json.loads(sent.body)
    body["data"] |= TEXTS
    return Delivery(sent.path, json.dumps(body).encode())


@contextmanager
def _monitored(port: int, commands: list[str]) -> Iterator[None]:
    """Record every command that the server receives during the block."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"AUTH {REDIS_PASSWORD}\r\nMONITOR\r\n".encode())
        lines = connection.makefile(encoding="utf-8", errors="replace")
        thread = threading.Thread(target=lambda: commands.extend(lines))
        thread.start()
        try:
            yield
        finally:
            connection.shutdown(socket.SHUT_RDWR)
            thread.join()
            lines.close()


OUR_STORE = re.compile(
    r'"demo:(call|calls|insights|state|due|engagement|url|parked|lease|seen|retire|inbox|outcomes|'
    r'audit|set_aside|refused|sweep_lease|hold[a-z:]*|row:[a-z:]*|failing_calls|counters|unmapped_agents|signs|ready)[:"]'
)
"""Keys that store calls and events by design; every other command is Celery's or Flower's."""
