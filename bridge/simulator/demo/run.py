"""Runs the demo: starts the processes, sends and polls calls, stops all, prints a summary."""

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

from bridge.errors import StartError
from bridge.simulator.demo.environment import SCALE, DemoEnvironment, new_environment
from bridge.simulator.demo.poll import DemoResult, Seen, count_engagements, is_as_expected, poll
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

DEADLINE = 50.0
"""The timeout in seconds for the bridge to be ready, and again for all calls to be as expected."""

POLL_INTERVAL = 0.25
PIPE_WIDTH = 120


def run(log: Path) -> int:
    """Run the demo. Return the exit code: 0 if each call ended as expected, else 1."""
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError as error:
        cause = error.strerror or str(error)
        raise StartError(f"cannot write to {log}: {cause}. Choose another with --log") from error
    log = log.resolve()
    with TemporaryDirectory(prefix="bridge-demo-") as directory:
        isolate(Path(directory))
        result = asyncio.run(_run_processes(console, Path(directory), log))
    if result is None:
        console.print(f"[red]The demo was not completed.[/] All log lines are in {log}")
        return 1
    print_summary(console, result)
    console.print(f"All log lines are in {log}", highlight=False, soft_wrap=True)
    return 1 if result.unexpected else 0


async def _run_processes(console: Console, directory: Path, log: Path) -> DemoResult | None:
    environment = new_environment(with_flower=console.is_terminal)
    env = environment.variables()
    ports = Ports(environment.web_port, environment.flower_port)
    with (
        log.open("wb") as lines,
        Output(lines.fileno()) as output,
        stack(load_settings(), ports, directory, env) as bridge,
    ):
        *processes, valkey = bridge
        sandbox = commands.sandbox(environment.sandbox_port, environment.web_url, SCALE)
        supervisor = Supervisor([*processes, sandbox, valkey], output)
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


async def _run_calls(console: Console, environment: DemoEnvironment) -> DemoResult | None:
    """Send the events of the calls, and poll until all calls are as expected or the time is over.

    Return ``None`` if the bridge does not become ready.
    """
    async with httpx.AsyncClient(timeout=10) as client:
        if not await _is_ready(client, environment):
            return None
        calls = demo_calls(Random(25), datetime.now(UTC))  # noqa: S311 - the same calls every time
        if console.is_terminal:
            api = f"API     {environment.web_url}/api/docs (token {environment.api_token})"
            flower = f"Flower  http://127.0.0.1:{environment.flower_port}\n"
            console.print(f"{api}\n{flower}", highlight=False)
        started = time.monotonic()
        sending = asyncio.create_task(asyncio.to_thread(_send, environment, calls))
        seen: Seen = {}
        with view_for(console, calls) as shown:
            while True:
                with suppress(httpx.HTTPError):  # the web process is being stopped or restarted
                    seen = await poll(client, environment)
                seconds = time.monotonic() - started
                shown.show(seen, seconds)
                if all(is_as_expected(call, seen) for call in calls) or seconds > DEADLINE:
                    break
                await asyncio.sleep(POLL_INTERVAL)
        await sending
        return DemoResult(calls, seen, await count_engagements(client, environment), seconds)


async def _is_ready(client: httpx.AsyncClient, environment: DemoEnvironment) -> bool:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if (await client.get(f"{environment.web_url}/readyz")).is_success:
                return True
        await asyncio.sleep(POLL_INTERVAL)
    return False


def _send(environment: DemoEnvironment, calls: Sequence[DemoCall]) -> None:
    """Send the events of all calls to the bridge, one call after the other."""
    auth = by_signature(environment.wavv_secret, time.time)
    with httpx.Client(timeout=10) as client:
        for demo_call in calls:
            send(demo_call.deliveries, environment.web_url, auth, client)
