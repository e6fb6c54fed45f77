"""The processes of the bridge, the order in which they stop, and their settings."""

import socket
from pathlib import Path

import pytest

from bridge.supervise.commands import Command
from bridge.supervise.embedded import free_port
from bridge.supervise.stack import PortInUseError, Ports, stack
from config import Settings
from config.broker import lease_time

EMBEDDED = Settings.model_validate({})
ELSEWHERE = Settings.model_validate({"redis_url": "redis://redis.example:6379/0"})


def processes(settings: Settings, ports: Ports, data: Path) -> dict[str, Command]:
    """Return the processes by name in their order."""
    with stack(settings, ports, data, {"EXTRA": "1"}) as commands:
        return {command.name: command for command in commands}


def test_processes_that_give_out_work_stop_first(tmp_path: Path) -> None:
    """Processes that give out work stop before those that do it, and the store stops last."""
    found = processes(EMBEDDED, Ports(free_port(), free_port()), tmp_path)
    assert list(found) == ["web", "beat", "flower", "worker", "valkey"]
    urls = {found[name].env["BRIDGE_REDIS_URL"] for name in ("web", "beat", "flower", "worker")}
    assert len(urls) == 1
    assert found["web"].env["EXTRA"] == "1"


def test_an_operators_own_redis_is_used_as_it_is(tmp_path: Path) -> None:
    """With the operator's own Redis no Valkey is started, and no directory made."""
    found = processes(ELSEWHERE, Ports(free_port()), tmp_path / "data")
    assert list(found) == ["web", "beat", "worker"]
    assert "BRIDGE_REDIS_URL" not in found["web"].env
    assert not (tmp_path / "data").exists()


def test_the_grace_of_a_worker_exceeds_its_longest_request(tmp_path: Path) -> None:
    """A worker's grace is longer than its longest request."""
    worker = processes(ELSEWHERE, Ports(free_port()), tmp_path)["worker"]
    assert worker.grace > lease_time(ELSEWHERE).total_seconds()


@pytest.mark.parametrize("option", ["--port", "--flower-port"])
def test_a_port_in_use_is_reported_before_anything_starts(tmp_path: Path, option: str) -> None:
    """A port in use is reported before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as owner:
        taken = owner.getsockname()[1]
        web, flower = (taken, None) if option == "--port" else (free_port(), taken)
        message = f"^port {taken}: Address already in use. Choose another with {option}$"
        with pytest.raises(PortInUseError, match=message):
            processes(EMBEDDED, Ports(web, flower), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_port_whose_connections_have_just_ended_is_free(tmp_path: Path) -> None:
    """A port with connections in TIME_WAIT is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert "web" in processes(ELSEWHERE, Ports(port), tmp_path)
