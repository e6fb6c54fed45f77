"""A Redis Cluster is refused at the start and by ``/readyz``."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bridge.services import build_services
from bridge.store.cluster import refuse_cluster
from bridge.supervise import commands
from bridge.supervise.embedded import free_port
from bridge.web.readiness import readiness
from config import Settings, SettingsError
from tests.support.bridge_command import run
from tests.support.process import Process
from tests.support.recording_publisher import Clock, Published
from tests.support.store import NOW
from tests.support.valkey import Valkey, own_valkey
from tests.support.waiting import wait_for


def own_cluster() -> AbstractContextManager[Valkey]:
    """Run a node of a cluster, whose second port is free, too."""
    return own_valkey(cluster_enabled="yes", cluster_port=str(free_port()))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Valkey]:
    """Run a node of a cluster."""
    with own_cluster() as server:
        yield server


def test_readiness_names_the_cluster(cluster: Valkey) -> None:
    """``/readyz`` names the cluster as the reason."""
    services = build_services(
        Settings.model_validate({"redis_url": cluster.url}), Published(Clock(NOW))
    )
    (check,) = [one for one in readiness(services) if one.name == "redis"]
    assert not check.ok
    assert check.required
    assert check.detail.startswith("is a Redis Cluster, which is not supported: ")


def test_readiness_names_a_cluster_that_can_be_written_to(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``/readyz`` names the cluster also if this node could store the probed key."""
    monkeypatch.setattr("bridge.web.readiness.is_cluster", lambda _: True)
    services = build_services(
        Settings.model_validate({"redis_url": valkey_url}), Published(Clock(NOW))
    )
    (check,) = [one for one in readiness(services) if one.name == "redis"]
    assert not check.ok
    assert check.detail.startswith("is a Redis Cluster, which is not supported: ")


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_no_process_starts_with_a_cluster(cluster: Valkey, tmp_path: Path, name: str) -> None:
    """Every process ends at its start, with a line that names the alternative."""
    env = {"BRIDGE_REDIS_URL": cluster.url}
    command = {
        "web": commands.web(free_port(), env),
        "worker": commands.worker(env, 1),
        "beat": commands.beat(env),
    }[name]
    with Process(command, tmp_path) as process:
        wait_for(process.ended, lambda code: code is not None, "it ends", 40)
        assert "BRIDGE_REDIS_URL: is a Redis Cluster" in process.output()


def test_bridge_up_refuses_a_cluster(cluster: Valkey, tmp_path: Path) -> None:
    """``bridge up`` exits with 2 for a cluster."""
    settings = {"BRIDGE_REDIS_URL": cluster.url}
    ended = run("up", "--port", str(free_port()), cwd=tmp_path, settings=settings)
    assert ended.returncode == 2
    assert "BRIDGE_REDIS_URL: is a Redis Cluster" in ended.stderr


def test_a_single_server_and_one_that_is_away_are_no_cluster(valkey_url: str) -> None:
    """A single server, or one that cannot be reached, is no cluster."""
    refuse_cluster(valkey_url)
    refuse_cluster(f"redis://127.0.0.1:{free_port()}/0")
    with (
        own_cluster() as server,
        pytest.raises(SettingsError),
    ):
        refuse_cluster(server.url)
