"""Fixtures of the contract tests: stores, a bridge without Celery, the web process."""

import uuid
from collections.abc import Iterator

import pytest
from fakeredis import FakeRedis
from redis import Redis

from bridge.askelephant.models import EXPANDABLE
from bridge.simulator.askelephant import SandboxOptions
from bridge.store.keys import Keys
from tests.support.askelephant_client import OneByOne, open_client
from tests.support.bridge_with_api import Operated, operated_bridge
from tests.support.in_process_bridge import Bridge, running_bridge
from tests.support.sandbox import Sandbox, running_sandbox
from tests.support.store import Store
from tests.support.valkey import Valkey, own_valkey
from tests.support.web_process import Web, running_web


@pytest.fixture
def real_store(redis: Redis, keys: Keys) -> Store:
    """Give the stores on a real Valkey."""
    return Store(redis, keys)


@pytest.fixture(params=["fakeredis", "valkey"])
def store(request: pytest.FixtureRequest, keys: Keys) -> Store:
    """Give the stores, once on fakeredis and once on a real Valkey."""
    if request.param == "valkey":
        return Store(request.getfixturevalue("redis"), keys)
    return Store(FakeRedis(), keys)


@pytest.fixture(scope="module")
def sandbox_process() -> Iterator[Sandbox]:
    """Run one AskElephant for this module, in which no time passes."""
    with running_sandbox(SandboxOptions(scale=0)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """Give the module's AskElephant, reset to an empty workspace."""
    return sandbox_process.reset()


@pytest.fixture(scope="module")
def expanding_client(sandbox_process: Sandbox) -> Iterator[OneByOne]:
    """Open one client of the module's AskElephant, which expands every field."""
    with open_client(sandbox_process, expand=EXPANDABLE) as client:
        yield client


@pytest.fixture
def client(sandbox: Sandbox, expanding_client: OneByOne) -> OneByOne:
    """Give the module's client, with its AskElephant reset."""
    assert sandbox.base_url
    return expanding_client


@pytest.fixture(scope="module")
def bridge_process(sandbox_process: Sandbox, valkey_url: str) -> Iterator[Bridge]:
    """Make one bridge without Celery for this module, on a real Valkey."""
    namespace = f"test-{uuid.uuid4().hex}"
    with running_bridge(sandbox_process, redis_url=valkey_url, namespace=namespace) as running:
        yield running


@pytest.fixture
def bridge(bridge_process: Bridge) -> Bridge:
    """Give the module's bridge, reset, with an empty AskElephant."""
    return bridge_process.as_new()


@pytest.fixture(scope="module")
def operated_process(sandbox_process: Sandbox, valkey_url: str) -> Iterator[Operated]:
    """Run one bridge with its API for this module."""
    with operated_bridge(sandbox_process, valkey_url) as operated:
        yield operated


@pytest.fixture
def operated(operated_process: Operated) -> Operated:
    """Give the module's bridge with its API, reset."""
    operated_process.bridge.as_new()
    return operated_process


@pytest.fixture(scope="module")
def web_process(valkey_url: str) -> Iterator[Web]:
    """Run one web process for this module."""
    with running_web(valkey_url) as web:
        yield web


@pytest.fixture
def web(web_process: Web) -> Web:
    """Give the module's web process with an empty store."""
    return web_process.forget()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """Run a Valkey that the test may stop, freeze, pause or misconfigure."""
    with own_valkey() as server:
        yield server
