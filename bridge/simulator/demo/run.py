"""Running the demo: start everything, send the calls, poll, print a summary, stop everything."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console

from bridge.simulator.demo.environment import SCALE, DemoEnvironment, new_environment
from bridge.simulator.demo.poll import Seen, Verdict, count_engagements, has_arrived, poll
from bridge.simulator.demo.scenarios import DemoCall, demo_calls
from bridge.simulator.demo.view import print_summary, view_for
from bridge.simulator.wavv.delivery import by_signature
from bridge.simulator.wavv.sender import send
from bridge.supervise import commands
from bridge.supervise.output import Output
from bridge.supervise.stack import Ports, stack
from bridge.supervise.supervisor import Supervisor
from config import load_settings
from config.environment import isolate

PATIENCE = 50.0
LOOK_EVERY = 0.25
PIPE_WIDTH = 120


def run(log: Path) -> int:
    """Run the demo; return 0 if every call ended where it should, else 1."""
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    log.parent.mkdir(parents=True, exist_ok=True)
    log = log.resolve()
    with TemporaryDirectory(prefix="bridge-demo-") as directory:
        isolate(Path(directory))
        verdict = asyncio.run(_run_processes(console, Path(directory), log))
    if verdict is None:
        console.print(f"[red]The demo did not get to its end.[/] Every log line is in {log}")
        return 1
    print_summary(console, verdict)
    console.print(f"Every log line is in {log}", highlight=False, soft_wrap=True)
    return 1 if verdict.astray else 0


async def _run_processes(console: Console, directory: Path, log: Path) -> Verdict | None:
    environment = new_environment(with_flower=console.is_terminal)
    env = environment.variables()
    ports = Ports(environment.web_port, environment.flower_port)
    with (
        log.open("wb") as lines,
        Output(lines.fileno()) as output,
        stack(load_settings(), ports, directory, env) as bridge,
    ):
        *ours, valkey = bridge
        double = commands.sandbox(environment.sandbox_port, environment.web_url, SCALE)
        supervisor = Supervisor([*ours, double, valkey], output)
        supervisor.stop_on_signals()
        running = asyncio.create_task(supervisor.run())
        calling = asyncio.create_task(_run_calls(console, environment))
        await asyncio.wait([running, calling], return_when=asyncio.FIRST_COMPLETED)
        calling.cancel()
        supervisor.stop()
        await running
        with suppress(asyncio.CancelledError):
            return await calling
        return None


async def _run_calls(console: Console, environment: DemoEnvironment) -> Verdict | None:
    async with httpx.AsyncClient(timeout=10) as client:
        if not await _is_ready(client, environment):
            return None
        calls = demo_calls(Random(25), datetime.now(UTC))  # noqa: S311 - the same calls every time
        _print_addresses(console, environment)
        return await _poll_until_done(console, client, environment, calls)


async def _is_ready(client: httpx.AsyncClient, environment: DemoEnvironment) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if (await client.get(f"{environment.web_url}/readyz")).is_success:
                return True
        await asyncio.sleep(LOOK_EVERY)
    return False


async def _poll_until_done(
    console: Console,
    client: httpx.AsyncClient,
    environment: DemoEnvironment,
    calls: Sequence[DemoCall],
) -> Verdict:
    begun = time.monotonic()
    sending = asyncio.create_task(asyncio.to_thread(_send, environment, calls))
    seen: Seen = {}
    with view_for(console, calls) as shown:
        while True:
            with suppress(httpx.HTTPError):  # the web process is being stopped, or started again
                seen = await poll(client, environment)
            seconds = time.monotonic() - begun
            shown.show(seen, seconds)
            if all(has_arrived(demo_call, seen) for demo_call in calls) or seconds > PATIENCE:
                break
            await asyncio.sleep(LOOK_EVERY)
    await sending
    return Verdict(calls, seen, await count_engagements(client, environment), seconds)


def _send(environment: DemoEnvironment, calls: Sequence[DemoCall]) -> None:
    """Send every call's events, one call after the other, as a floor of agents would."""
    auth = by_signature(environment.wavv_secret, time.time)
    with httpx.Client(timeout=10) as client:
        for demo_call in calls:
            send(demo_call.deliveries, environment.web_url, auth, client)


def _print_addresses(console: Console, environment: DemoEnvironment) -> None:
    if not console.is_terminal:
        return
    console.print(
        f"API     {environment.web_url}/api/docs (token {environment.api_token})", highlight=False
    )
    console.print(f"Flower  http://127.0.0.1:{environment.flower_port}\n", highlight=False)
