"""Tests for the sandbox's background tasks and its server."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from bridge.simulator.askelephant import SandboxOptions, serve
from bridge.simulator.askelephant.background import Background


def test_cancel_waits_until_the_tasks_have_ended() -> None:
    """``cancel`` returns when no task of the old scenario runs."""

    async def scenario() -> None:
        background = Background()
        task = background.start(asyncio.sleep(60))
        assert not await background.settle(0.01)
        await background.cancel()
        assert task.cancelled()
        assert await background.settle(0)

    asyncio.run(scenario())


def test_a_task_that_fails_is_logged() -> None:
    """The exception of a background task is logged."""

    async def fail() -> None:
        raise RuntimeError("broken")

    async def scenario() -> None:
        background = Background()
        background.start(fail())
        assert await background.settle(1)

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert [entry["event"] for entry in logs] == ["sandbox.task_failed"]


def test_a_port_in_use_ends_the_server() -> None:
    """A server whose port is in use exits, so that its supervisor notices."""
    with socket.create_server(("127.0.0.1", 0)) as used, pytest.raises(SystemExit):
        serve(SandboxOptions(), "127.0.0.1", used.getsockname()[1])
