"""Two bridges of real processes for all scenarios, on one real Valkey with AOF.

``shared`` carries the calls of ``cases`` all at once, and is never disturbed. ``solo`` is for
scenarios that break something and mend it again: each leaves it as it found it.

All are told with each broker: with that Valkey, then with RabbitMQ between the processes. One that
is about a broker says so with the mark ``brokers``. Scenarios that set a stage of their own have
the broker that they set: ``test_secrecy`` reads along with Redis, ``bridge up`` and the demo bring
their Valkey, and so do those about restarts of the store, Sentinels and TLS.
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
    """The namespaces of both bridges, and what else they are told.

    With RabbitMQ they share a virtual host, and one's queues are named like the end of the other's.
    """

    names: tuple[str, str]
    settings: Mapping[str, str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tell every scenario with each broker, or with those it is marked with."""
    if "broker" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("brokers")
        names = mark.args if mark else (REDIS, RABBITMQ)
        metafunc.parametrize("broker", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the Valkey that ``bridge up`` runs; give its URL."""
    directory = tmp_path_factory.mktemp("valkey")
    with embedded_valkey(directory) as (url, command), Process(command, directory) as server:
        is_ready = command.is_ready
        assert is_ready is not None
        wait_for(is_ready, bool, "Valkey answers")
        yield url
        assert "rror" not in server.output()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """Run one RabbitMQ for all."""
    if not installed():
        missing("rabbitmq-server")
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Broker:
    """Give the broker whose turn it is."""
    if request.param == RABBITMQ:
        node: RabbitMQ = request.getfixturevalue(RABBITMQ)
        return Broker(("a.calls", "calls"), {"BRIDGE_BROKER_URL": node.url})
    return Broker(("shared", "solo"), {})


@pytest.fixture(scope="session")
def shared(
    broker: Broker, valkey: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Run the bridge that nothing disturbs."""
    name, directory = broker.names[0], tmp_path_factory.mktemp("shared")
    with running_stack(name, valkey, directory, **broker.settings) as stack:
        yield stack
    assert not leaks(stack)


@pytest.fixture(scope="session")
def solo(broker: Broker, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the bridge that scenarios may break."""
    name, directory = broker.names[1], tmp_path_factory.mktemp("solo")
    with running_stack(name, valkey, directory, **broker.settings) as stack:
        yield stack
    assert not leaks(stack)


@pytest.fixture
def messages(solo: Stack, valkey: str) -> Iterator[Messages]:
    """Look into the broker that the bridge has."""
    if url := solo.processes["web"].command.env.get("BRIDGE_BROKER_URL"):
        yield RabbitMessages(url, solo.name)
        return
    with connect(valkey) as client:
        yield RedisMessages(client, solo.name)


@pytest.fixture(scope="module")
def pairs_valkey() -> Iterator[Valkey]:
    """Run a server that only a module's pair of workers stands on."""
    with own_valkey() as valkey:
        yield valkey


@pytest.fixture(scope="module")
def pair(pairs_valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a bridge with two workers."""
    with running_pair(pairs_valkey, tmp_path_factory.mktemp("pair")) as stack:
        yield stack


@pytest.fixture(scope="session")
def sent(shared: Stack) -> Mapping[str, SampleCall]:
    """Tell the shared bridge of all cases at once; give their calls by the cases' names."""
    calls = {name: shared.call(case.behaviour, **case.changes) for name, case in CASES.items()}
    with ThreadPoolExecutor(SENDERS) as senders:
        told = [senders.submit(shared.bridge.send_call, calls[n], CASES[n].kinds) for n in CASES]
    for one in told:
        one.result()
    return calls


@pytest.fixture(scope="session")
def settled(shared: Stack, sent: Mapping[str, SampleCall]) -> Mapping[str, SampleCall]:
    """Wait until every case has come to rest."""
    for call in sent.values():
        shared.bridge.rests(call)
    return sent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every process's output beside a failure."""
    report = yield
    if report.failed:
        used = getattr(item, "funcargs", {}).values()
        for stack in {id(one): one for one in used if isinstance(one, Stack)}.values():
            for name, process in stack.processes.items():
                report.sections.append((f"{stack.name} {name}", process.last_lines()))
    return report
