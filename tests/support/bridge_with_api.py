"""An in-process bridge with its web process, for the operator's replays through the API."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.domain.call import Call, State
from bridge.simulator.wavv.samples import SampleCall
from bridge.web.app import build_app, with_ingress
from tests.support.in_process_bridge import Bridge, running_bridge
from tests.support.sandbox import WAIT, Sandbox, serving
from tests.support.web_process import TOKEN, bearer


@dataclass
class Operated:
    """An in-process bridge and a client of its API."""

    bridge: Bridge
    http: httpx.Client

    @property
    def url(self) -> str:
        """Return the base URL of the API."""
        return str(self.http.base_url)

    def replay(self, **order: object) -> httpx.Response:
        """POST ``/api/replay`` with these fields."""
        return self.http.post("/api/replay", json=order)

    def fail(self, count: int, behaviour: str = "reject") -> list[SampleCall]:
        """Return new calls that failed; each is received one second after the one before."""
        self.bridge.sandbox.control("behaviours", {"containing": {"wavv-call-": behaviour}})
        calls = []
        for _ in range(count):
            self.bridge.clock.wait(seconds=1)
            calls.append(self.bridge.dial())
            assert self.bridge.process(calls[-1]).state is State.FAILED
        return calls

    def accept_all(self) -> None:
        """Make AskElephant accept all calls again."""
        self.bridge.sandbox.control("behaviours")

    def records(self, calls: list[SampleCall]) -> list[Call]:
        """Return the records of these calls."""
        return [self.bridge.call(call) for call in calls]


@contextmanager
def operated_bridge(sandbox: Sandbox, valkey_url: str) -> Iterator[Operated]:
    """Run a bridge and its API for a module of tests."""
    namespace = f"test-{uuid.uuid4().hex}"
    settings: dict[str, Any] = {"redis_url": valkey_url, "namespace": namespace}
    with (
        running_bridge(sandbox, **settings, api_tokens=TOKEN) as bridge,
        serving(with_ingress(build_app(bridge.services, valkey_url))) as root,
        httpx.Client(base_url=root, headers=bearer(TOKEN), timeout=WAIT, trust_env=False) as http,
    ):
        yield Operated(bridge, http)
