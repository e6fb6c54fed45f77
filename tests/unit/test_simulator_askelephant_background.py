"""What the sandbox does after its answers, and how it starts and stops."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from bridge.simulator.askelephant import SandboxOptions, serve
from bridge.simulator.askelephant.background import Background


async def _never() -> None:
    await asyncio.Event().wait()


async def _fail() -> None:
    raise RuntimeError("broken")


def test_work_that_is_cancelled_has_ended() -> None:
    """A reset waits until nothing of the old scenario runs."""

    async def scenario() -> None:
        background = Background()
        task = background.start(_never())
        assert not await background.settle(0.01)
        await background.cancel()
        assert task.cancelled()
        assert await background.settle(0)

    asyncio.run(scenario())


def test_work_that_fails_is_told_of() -> None:
    """A bug in the sandbox must not look like a silent AskElephant."""

    async def scenario() -> None:
        background = Background()
        background.start(_fail())
        assert await background.settle(1)

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert [entry["event"] for entry in logs] == ["sandbox.task_failed"]


def test_a_port_in_use_ends_the_server() -> None:
    """It says so and exits, so that its supervisor notices."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit):
        serve(SandboxOptions(), "127.0.0.1", taken.getsockname()[1])
