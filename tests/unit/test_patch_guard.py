"""Tests for the guard that stops a process when an overridden part of a library has changed."""

import runpy
from typing import Any

import httptools
import httpx_aiohttp.transport
import pytest
from celery import Celery
from celery.app.amqp import Queues
from celery.beat import Scheduler
from celery.worker import state
from celery.worker.consumer import Consumer
from kombu.transport import redis
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bridge.patch_guard import guard_patch
from tests.support.project_files import ROOT


class Library:
    """A library's class with a method and an attribute that the method assigns."""

    def fetch(self, queue: str, timeout: float = 0) -> None:
        """Store the queue."""
        self.queue = queue, timeout


class Heir(Library):
    """A class that inherits both."""


@pytest.mark.parametrize("owner", [Library, Heir])
def test_parts_that_are_unchanged_pass(owner: type) -> None:
    """Unchanged methods and attributes pass, also inherited ones."""
    guard_patch("ours", owner, {"fetch": "self, queue, timeout", "queue": None})


@pytest.mark.parametrize(
    ("members", "change"),
    [
        ({"drain": None}, "Library.drain of tests .* is gone"),
        (
            {"fetch": "self, queue"},
            r"has the parameters \(self, queue, timeout\), not \(self, queue\)",
        ),
    ],
)
def test_a_part_that_is_gone_or_changed_is_named(
    members: dict[str, str | None], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the changed part, the patch that relies on it and docs/patches.md."""
    monkeypatch.setattr("bridge.patch_guard.version", lambda _: "9.9")
    with pytest.raises(ImportError, match=rf"{change}.*ours relies on it.*docs/patches\.md"):
        guard_patch("ours", Library, members)


@pytest.mark.parametrize(
    ("module", "owner", "part"),
    [
        ("bridge.broker.celery_app", Celery, "send_task"),
        ("bridge.asgi.connection", HttpToolsProtocol, "on_response_complete"),
        ("bridge.asgi.parser", httptools, "HttpParserUpgrade"),
        ("bridge.outbound.client", httpx_aiohttp.transport, "map_aiohttp_exceptions"),
        ("bridge.broker.queues", Queues, "consume_from"),
        ("bridge.broker.scheduler", Scheduler, "apply_entry"),
        ("bridge.broker.redis_transport", redis.Channel, "_brpop_read"),
        ("tasks.consumer", Consumer, "stop"),
        ("tasks.watchdog", state, "all_total_count"),
    ],
)
def test_every_module_with_a_patch_is_guarded(
    module: str,
    owner: Any,  # noqa: ANN401 - a class or a module
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The import of each patching module fails when its part is missing."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    monkeypatch.delattr(owner, part)
    with pytest.raises(ImportError, match=rf"\.{part} of \w+ [\d.]+ is gone"):
        runpy.run_path(str(path))
