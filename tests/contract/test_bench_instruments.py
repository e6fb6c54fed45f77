"""The benchmark's instruments: the load, the stub of AskElephant, the use of processes."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bench import payloads
from bench.elephant import elephant
from bench.instruments import trivial_server
from bench.load import PeerError, send_load
from bench.plan import Plan, quick
from bench.process import Process
from bench.settings import API_KEY, ELEPHANT_SECRET
from bench.stub import HOOK_PATH
from bench.usage import usage
from bridge.askelephant.client import ElephantClient, ElephantOptions
from bridge.askelephant.models import Engagement
from bridge.askelephant.webhook import parse_webhook, verify_webhook
from bridge.domain.engagement import EngagementRequest
from bridge.supervise.embedded import free_port
from tests.support.askelephant_client import created, read
from tests.support.sandbox import Receiver, serving

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the use of processes is read in /proc")
URL = "wavv://call/c-1"
REQUEST = EngagementRequest(
    title="Call", external_id="wavv-call-c-1", external_url=URL, run_workflows=True,
    media_url="https://recordings.example.com/c-1.mp3",
)  # fmt: skip


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Give the smallest plan."""
    return quick(Plan(tmp_path, rounds=1))


def test_the_load_is_every_request_once(plan: Plan) -> None:
    """The load sends every request once, and measures every response time."""
    frames = payloads.write(plan.directory / "frames", payloads.requests(100, seed=1))
    with trivial_server(plan) as port:
        seen = send_load(port, frames, connections=8)
    assert (seen.answered, seen.statuses) == (300, {"202": 300})
    assert 0 < seen.p50 <= seen.p99 < seen.seconds


def test_a_peer_that_does_another_thing_is_not_measured(plan: Plan) -> None:
    """A peer that responds with another status is an error, not a measurement."""
    frames = payloads.write(plan.directory / "frames", payloads.requests(1, seed=1))
    with trivial_server(plan) as port, pytest.raises(PeerError, match="202"):
        send_load(port, frames, connections=1, status="200")


def test_the_stub_responds_and_sends_the_transcript_webhook(tmp_path: Path) -> None:
    """The bridge's own client and signature check accept the stub as AskElephant."""
    receiver = Receiver()
    app = Starlette(routes=[Route(HOOK_PATH, receiver.take, methods=["POST"])])
    with serving(app) as root, elephant(tmp_path, "e", free_port(), _port(root)) as stub:
        base_url = f"http://127.0.0.1:{stub.port}/api"
        client = ElephantClient(ElephantOptions(base_url=base_url, api_key=API_KEY))
        made = created(client, REQUEST)
        assert isinstance(made, Engagement)
        assert made.created
        hook = receiver.next()
        assert _about(hook.headers, hook.body) == (made.id, URL)
        found = read(client, made.id)
        assert isinstance(found, Engagement)
        assert found.insights["action_items"]
        assert found.insights["signals"]
        seen = stub.seen()
        assert (len(seen.posts), len(seen.gets)) == (1, 1)
        assert seen.posts[0] < seen.gets[0] < time.monotonic()
        assert seen.first_gets == {made.id: seen.gets[0]}
        stub.forget()
        assert stub.seen().all == []
        client.close()


@LINUX
def test_the_use_of_a_process_counts_its_children(tmp_path: Path) -> None:
    """The CPU time of a process includes its children, also after they exited."""
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    both = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}])"
    argv = (sys.executable, "-c", f"{both}; open('done', 'w').close(); time.sleep(60)")
    with Process("burner", argv, {}, tmp_path) as process:
        process.wait_until((tmp_path / "done").exists)
        used = usage({process.session})
        assert used.cpu >= 0.25
        assert used.resident > 1024 * 1024
        session = process.session
    assert usage({session}).cpu == 0


def _about(headers: Mapping[str, str], raw: bytes) -> tuple[str, str | None]:
    verify_webhook(raw, headers, [ELEPHANT_SECRET])
    about = parse_webhook(raw).engagement
    assert about is not None
    return about.id, about.external_url


def _port(root: str) -> int:
    return int(root.rpartition(":")[2])
