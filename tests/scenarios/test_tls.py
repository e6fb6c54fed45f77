"""A stack whose store and broker are one Redis with TLS and a password."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest

from bridge.store.connection import connect
from bridge.supervise import commands
from bridge.supervise.embedded import free_port
from tests.support.leaks import leaks
from tests.support.process import Process
from tests.support.redis_tls import ENCODED, PASSWORD, Secured, running_secured
from tests.support.stack import Stack, responds, running_stack
from tests.support.waiting import WITHIN, wait_for

WRONG, DECODED = "not%2Fthe%2Fpassword", "not/the/password"
REFUSED = "invalid username-password pair"


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    """Run the server for this module."""
    with running_secured() as server:
        yield server


@pytest.fixture(scope="module")
def stack(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run web, worker and beat; check that none has logged the password or the URL."""
    urls = {"BRIDGE_BROKER_URL": secured.trusted}
    directory = tmp_path_factory.mktemp("tls")
    with running_stack("tls", secured.trusted, directory, **urls) as running:
        yield running
    assert not leaks(running)
    assert not [one for one in running.processes.values() if secured.trusted in one.output()]


def test_the_poke_carries_a_call_to_its_end(stack: Stack) -> None:
    """A call completes without the sweep, so web and worker reach the broker over TLS."""
    assert stack.bridge.readiness()["status"] == "ready"
    stack.processes["beat"].stop()
    call = stack.bridge.send_call(stack.call())
    stack.bridge.reaches(call, "complete")
    assert len(stack.engagements(call)) == 1
    stack.start("beat")


def test_the_sweep_carries_a_call_whose_messages_are_gone(stack: Stack, secured: Secured) -> None:
    """A call whose messages are gone completes, so beat and sweep reach store and broker."""
    stack.processes["worker"].stop()
    call = stack.bridge.send_call(stack.call())
    with connect(secured.trusted) as redis:
        assert redis.delete("tls:quick")
    stack.start("worker")
    stack.bridge.reaches(call, "complete")
    assert len(stack.engagements(call)) == 1


def test_flower_sees_the_worker_and_the_queues(stack: Stack) -> None:
    """Flower shows the worker and the queues over TLS."""
    port = free_port()
    env = {**stack.processes["web"].command.env, "FLOWER_UNAUTHENTICATED_API": "true"}
    url = f"http://127.0.0.1:{port}"
    flower = stack.processes["flower"] = Process(commands.flower(port, env), stack.directory)
    with flower, httpx.Client(base_url=url, timeout=WITHIN, trust_env=False) as client:
        wait_for(lambda: responds(f"{url}/healthcheck"), bool, "Flower is up")
        ask = client.get
        wait_for(lambda: ask("/api/workers?refresh=1").json(), bool, "Flower sees the worker")
        pages = [ask(path).text for path in ("/", "/broker", "/api/workers")]
    assert "Unable to get queues" not in flower.output()
    assert not [page for page in pages if PASSWORD in page or ENCODED in page]


def test_a_wrong_password_is_logged_and_not_shown(stack: Stack, secured: Secured) -> None:
    """A wrong password is logged as an error, and not shown."""
    url = secured.url(secured.authority, WRONG)
    wrong = {"BRIDGE_REDIS_URL": url, "BRIDGE_BROKER_URL": url}
    with ExitStack() as exits:
        for name in ("worker", "beat"):
            usual = stack.processes[name].command
            command = replace(usual, name=f"locked-out-{name}", env={**usual.env, **wrong})
            one = stack.processes[command.name] = Process(command, stack.directory)
            exits.enter_context(one)
            wait_for(one.output, lambda output: REFUSED in output, f"{name} logs the error")
            assert not [secret for secret in (WRONG, DECODED) if secret in one.output()]
