"""The bridges of ``tests.scenarios``, with RabbitMQ between their processes."""

from collections.abc import Iterator

import pytest

from tests.brokers.rabbitmq import MISSING, installed, running_rabbitmq
from tests.scenarios.conftest import pytest_runtest_makereport, sent, settled, valkey
from tests.scenarios.leaks import leaks
from tests.scenarios.stack import Stack, running_stack

__all__ = ["pytest_runtest_makereport", "sent", "settled", "valkey"]


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one RabbitMQ for all; give its URL."""
    if not installed():
        pytest.skip(MISSING)
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture(scope="session")
def shared(rabbitmq: str, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the bridge that nothing disturbs."""
    directory = tmp_path_factory.mktemp("rabbit-shared")
    with running_stack("rabbit.shared", valkey, directory, BRIDGE_BROKER_URL=rabbitmq) as stack:
        yield stack
    assert not leaks(stack)


@pytest.fixture(scope="session")
def solo(rabbitmq: str, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the bridge that scenarios may break: on the same virtual host as the other."""
    directory = tmp_path_factory.mktemp("rabbit-solo")
    with running_stack("shared", valkey, directory, BRIDGE_BROKER_URL=rabbitmq) as stack:
        yield stack
    assert not leaks(stack)
