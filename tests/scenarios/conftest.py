"""Two stacks of real processes for all scenarios, on one Valkey with AOF.

``shared`` processes all cases at the same time, and no scenario disturbs it. ``solo`` is for
scenarios that disturb the stack and repair it.

Each scenario runs with that Valkey as the broker, then with RabbitMQ. The mark ``brokers``
restricts a scenario to some brokers. Scenarios with a stack of another kind have its broker:
``test_secrecy``, ``bridge up``, the demo, restarts of the store, Sentinels and TLS.
"""

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from bridge.simulator.wavv.samples import SampleCall
from bridge.store.connection import connect
from bridge.supervise.embedded import embedded_valkey
from tests.support.broker_messages import Messages, RabbitMessages, RedisMessages
from tests.support.call_cases import CASES
from tests.support.debian import missing
from tests.support.leaks import leaks
from tests.support.process import Process
from tests.support.rabbitmq import RabbitMQ, installed, running_rabbitmq
from tests.support.stack import Stack, running_stack
from tests.support.two_workers import running_pair
from tests.support.valkey import Valkey, own_valkey
from tests.support.waiting import wait_for

SENDERS = 4
REDIS, RABBITMQ = "redis", "rabbitmq"


@dataclass(frozen=True)
class Broker:
    """The namespaces of both stacks, and their settings for the broker.

    With RabbitMQ they share a virtual host, and one namespace is the end of the other.
    """

    names: tuple[str, str]
    settings: Mapping[str, str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize each scenario with every broker, or with those of its mark."""
    if "broker" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("brokers")
        names = mark.args if mark else (REDIS, RABBITMQ)
        metafunc.parametrize("broker", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a Valkey as ``bridge up`` runs it; give its URL."""
    directory = tmp_path_factory.mktemp("valkey")
    with embedded_valkey(directory) as (url, command), Process(command, directory) as server:
        is_ready = command.is_ready
        assert is_ready is not None
        wait_for(is_ready, bool, "Valkey responds")
        yield url
        assert "rror" not in server.output()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """Run one RabbitMQ for the session."""
    if not installed():
        missing("rabbitmq-server")
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Broker:
    """Give the broker of this parameter."""
    if request.param == RABBITMQ:
        node: RabbitMQ = request.getfixturevalue(RABBITMQ)
        return Broker(("a.calls", "calls"), {"BRIDGE_BROKER_URL": node.url})
    return Broker(("shared", "solo"), {})


@pytest.fixture(scope="session")
def shared(
    broker: Broker, valkey: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Run the stack that no scenario disturbs."""
    name, directory = broker.names[0], tmp_path_factory.mktemp("shared")
    with running_stack(name, valkey, directory, **broker.settings) as stack:
        yield stack
    assert not leaks(stack)


@pytest.fixture(scope="session")
def solo(broker: Broker, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the stack that scenarios may disturb."""
    name, directory = broker.names[1], tmp_path_factory.mktemp("solo")
    with running_stack(name, valkey, directory, **broker.settings) as stack:
        yield stack
    assert not leaks(stack)


@pytest.fixture
def messages(solo: Stack, valkey: str) -> Iterator[Messages]:
    """Give access to the messages in the broker of ``solo``."""
    if url := solo.processes["web"].command.env.get("BRIDGE_BROKER_URL"):
        yield RabbitMessages(url, solo.name)
        return
    with connect(valkey) as client:
        yield RedisMessages(client, solo.name)


@pytest.fixture(scope="module")
def pairs_valkey() -> Iterator[Valkey]:
    """Run a Valkey for a module's pair of workers."""
    with own_valkey() as valkey:
        yield valkey


@pytest.fixture(scope="module")
def pair(pairs_valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a stack with two workers."""
    with running_pair(pairs_valkey, tmp_path_factory.mktemp("pair")) as stack:
        yield stack


@pytest.fixture(scope="session")
def sent(shared: Stack) -> Mapping[str, SampleCall]:
    """Send all cases to the shared stack at the same time; give their calls by name."""
    calls = {name: shared.call(case.behaviour, **case.changes) for name, case in CASES.items()}
    with ThreadPoolExecutor(SENDERS) as senders:
        submitted = [
            senders.submit(shared.bridge.send_call, calls[n], CASES[n].kinds) for n in CASES
        ]
    for one in submitted:
        one.result()
    return calls


@pytest.fixture(scope="session")
def settled(shared: Stack, sent: Mapping[str, SampleCall]) -> Mapping[str, SampleCall]:
    """Wait until every case has ended."""
    for call in sent.values():
        shared.bridge.rests(call)
    return sent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last output of every process to the report of a failure."""
    report = yield
    if report.failed:
        used = getattr(item, "funcargs", {}).values()
        for stack in {id(one): one for one in used if isinstance(one, Stack)}.values():
            for name, process in stack.processes.items():
                report.sections.append((f"{stack.name} {name}", process.last_lines()))
    return report
