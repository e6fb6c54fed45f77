"""The performance: start everything, send the calls, watch, sum up, stop everything."""

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

from bridge.simulator.demo.cast import Actor, actors
from bridge.simulator.demo.screen import print_summary, screen
from bridge.simulator.demo.stage import SCALE, Stage, set_stage
from bridge.simulator.demo.watch import Seen, Verdict, count_engagements, has_arrived, look
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


def play(log: Path) -> int:
    """Play the demo; return 0 if every call ended where it should, else 1."""
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    log.parent.mkdir(parents=True, exist_ok=True)
    log = log.resolve()
    with TemporaryDirectory(prefix="bridge-demo-") as directory:
        isolate(Path(directory))
        verdict = asyncio.run(_perform(console, Path(directory), log))
    if verdict is None:
        console.print(f"[red]The demo did not get to its end.[/] Every log line is in {log}")
        return 1
    print_summary(console, verdict)
    console.print(f"Every log line is in {log}", highlight=False, soft_wrap=True)
    return 1 if verdict.astray else 0


async def _perform(console: Console, directory: Path, log: Path) -> Verdict | None:
    stage = set_stage(with_flower=console.is_terminal)
    env = stage.environment()
    ports = Ports(stage.web_port, stage.flower_port)
    with (
        log.open("wb") as lines,
        Output(lines.fileno()) as output,
        stack(load_settings(), ports, directory, env) as bridge,
    ):
        *ours, valkey = bridge
        double = commands.sandbox(stage.sandbox_port, stage.web_url, SCALE)
        supervisor = Supervisor([*ours, double, valkey], output)
        supervisor.stop_on_signals()
        running = asyncio.create_task(supervisor.run())
        directing = asyncio.create_task(_direct(console, stage))
        await asyncio.wait([running, directing], return_when=asyncio.FIRST_COMPLETED)
        directing.cancel()
        supervisor.stop()
        await running
        with suppress(asyncio.CancelledError):
            return await directing
        return None


async def _direct(console: Console, stage: Stage) -> Verdict | None:
    async with httpx.AsyncClient(timeout=10) as client:
        if not await _is_ready(client, stage):
            return None
        cast = actors(Random(25), datetime.now(UTC))  # noqa: S311 - the same calls every time
        _tell_where_to_look(console, stage)
        return await _watch(console, client, stage, cast)


async def _is_ready(client: httpx.AsyncClient, stage: Stage) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if (await client.get(f"{stage.web_url}/readyz")).is_success:
                return True
        await asyncio.sleep(LOOK_EVERY)
    return False


async def _watch(
    console: Console, client: httpx.AsyncClient, stage: Stage, cast: Sequence[Actor]
) -> Verdict:
    begun = time.monotonic()
    sending = asyncio.create_task(asyncio.to_thread(_send, stage, cast))
    seen: Seen = {}
    with screen(console, cast) as shown:
        while True:
            with suppress(httpx.HTTPError):  # the web process is being stopped, or started again
                seen = await look(client, stage)
            seconds = time.monotonic() - begun
            shown.show(seen, seconds)
            if all(has_arrived(actor, seen) for actor in cast) or seconds > PATIENCE:
                break
            await asyncio.sleep(LOOK_EVERY)
    await sending
    return Verdict(cast, seen, await count_engagements(client, stage), seconds)


def _send(stage: Stage, cast: Sequence[Actor]) -> None:
    """Send every call's events, one call after the other, as a floor of agents would."""
    auth = by_signature(stage.wavv_secret, time.time)
    with httpx.Client(timeout=10) as client:
        for actor in cast:
            send(actor.deliveries, stage.web_url, auth, client)


def _tell_where_to_look(console: Console, stage: Stage) -> None:
    if not console.is_terminal:
        return
    console.print(f"API     {stage.web_url}/api/docs (token {stage.api_token})", highlight=False)
    console.print(f"Flower  http://127.0.0.1:{stage.flower_port}\n", highlight=False)
