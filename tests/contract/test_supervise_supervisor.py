"""All processes under one supervisor: the order of start and stop, and what ends them."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from bridge.supervise.commands import Command
from bridge.supervise.supervisor import Supervisor
from tests.support.child_programs import HASTE, OBEDIENT, STUBBORN, Output, play, program

HOUR = 3600.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def our_signals() -> Iterator[None]:
    """Restore the signal handlers that the event loop removes.

    Under ``nohup`` the test run ignores SIGHUP, and the tested processes would, too.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def obedient(name: str, output: Output) -> Command:
    """Return a program that is ready when it has printed ``up``."""
    return program(OBEDIENT, name, is_ready=lambda: output.has(f"{name}: up"))


def test_processes_stop_in_the_given_order_and_start_the_other_way_round() -> None:
    """Processes start in the opposite of their order, and stop in their order."""

    async def scenario() -> None:
        output = Output()
        names = ["web", "beat", "worker", "valkey"]
        supervisor = Supervisor([obedient(name, output) for name in names], output)
        running = asyncio.create_task(supervisor.run())
        await output.until("web: up")
        supervisor.stop()
        assert await running == 0
        starts = [f"{name}: up" for name in reversed(names)]
        assert output.lines == [*starts, *(f"{name}: down" for name in names)]

    play(scenario())


def test_a_process_starts_when_those_before_it_are_ready() -> None:
    """A process starts when those before it are ready; a stop before that ends the start."""

    async def scenario() -> None:
        output = Output()
        valkey = program(OBEDIENT, "valkey", is_ready=lambda: False)
        supervisor = Supervisor([obedient("web", output), valkey], output)
        running = asyncio.create_task(supervisor.run())
        await output.until("valkey: up")
        supervisor.stop()
        assert await running == 0
        assert output.lines == ["valkey: up", "valkey: down"]

    play(scenario())


def test_a_process_that_is_given_up_ends_all_with_exit_code_1() -> None:
    """A process that is given up ends all with exit code 1 and a message."""

    async def scenario() -> None:
        output = Output()
        dying = program("sys.exit(3)", "worker")
        supervisor = Supervisor([dying, obedient("valkey", output)], output, HASTE)
        assert await supervisor.run() == 1
        assert output.lines[-2:] == ["valkey: down", "up: worker keeps ending with exit code 3"]

    play(scenario())


def test_one_that_cannot_be_started_ends_all_too() -> None:
    """A process that cannot be started ends all with exit code 1."""

    async def scenario() -> None:
        output = Output()
        missing = Command("web", ("/nowhere/web",))
        supervisor = Supervisor([missing, obedient("valkey", output)], output)
        assert await supervisor.run() == 1
        assert "/nowhere/web" in output.lines[-1]
        assert output.has("valkey: down")

    play(scenario())


def test_the_second_signal_ends_everything_at_once() -> None:
    """The second signal kills all processes at once."""

    async def scenario() -> None:
        output = Output()
        commands = [program(STUBBORN, name, grace=HOUR) for name in ("web", "worker")]
        supervisor = Supervisor(commands, output)
        running = asyncio.create_task(supervisor.run())
        for name in ("web", "worker"):
            await output.until(f"{name}: up")
        supervisor.stop()
        await output.until("web: asked")
        supervisor.stop()
        assert await running == 0
        assert not output.has("worker: asked")

    play(scenario())


def test_a_process_that_hangs_does_not_delay_the_others_for_ever() -> None:
    """A process that hangs is killed after its grace, and the next one is stopped."""

    async def scenario() -> None:
        output = Output()
        web = program(STUBBORN, "web", grace=0.3, is_ready=lambda: output.has("web: up"))
        supervisor = Supervisor([web, obedient("valkey", output)], output)
        running = asyncio.create_task(supervisor.run())
        await output.until("web: up")
        supervisor.stop()
        assert await running == 0
        ending = ["web: asked", "web: did not end in time; killing it", "valkey: down"]
        assert output.lines[-3:] == ending

    play(scenario())


@pytest.mark.parametrize("number", SIGNALS)
def test_ctrl_c_sigterm_and_a_closed_terminal_stop_in_order(number: signal.Signals) -> None:
    """SIGINT, SIGTERM and SIGHUP stop all processes in order."""

    async def scenario() -> None:
        output = Output()
        supervisor = Supervisor([obedient("web", output)], output)
        supervisor.stop_on_signals()
        running = asyncio.create_task(supervisor.run())
        await output.until("web: up")
        os.kill(os.getpid(), number)
        assert await running == 0
        assert output.lines == ["web: up", "web: down"]

    play(scenario())


def test_nohup_is_respected() -> None:
    """Under ``nohup`` SIGHUP is ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def scenario() -> None:
        Supervisor([], Output()).stop_on_signals()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

    play(scenario())
