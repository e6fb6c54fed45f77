"""``bridge up`` that cannot start prints every reason, and exits with 2."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.supervise.embedded import embedded_valkey, free_port
from tests.support.bridge_command import run

BAD = {
    "BRIDGE_SETTLE_SECONDS": "soon",
    "BRIDGE_ASKELEPHANT_API_KEY": "Bearer sk-apik_1.kept-secret",
    "BRIDGE_WAVV_AUTH": "none",
    "BRIDGE_SETLE_SECONDS": "2",
}


def refused(
    cwd: Path, *words: str, settings: Mapping[str, str] | None = None, port: int | None = None
) -> str:
    """Return what ``bridge up`` writes to standard error before it exits with 2."""
    port = port or free_port()
    ended = run("up", "--port", str(port), *words, cwd=cwd, settings=settings)
    assert ended.returncode == 2, ended.stdout
    assert "Traceback" not in ended.stderr
    assert not ended.stdout
    return ended.stderr


def test_bad_settings_are_reported_all_at_once(tmp_path: Path) -> None:
    """All bad settings are reported at once, with names and likely typos, without secrets."""
    output = refused(tmp_path, settings=BAD)
    assert {line.partition(":")[0] for line in output.splitlines()[1:]} == BAD.keys()
    assert "is BRIDGE_SETTLE_SECONDS meant?" in output
    assert "kept-secret" not in output
    assert not (tmp_path / ".bridge").exists()


def test_a_port_in_use_is_reported_with_what_to_do(tmp_path: Path) -> None:
    """A port in use is reported with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as owner:
        taken = owner.getsockname()[1]
        output = refused(tmp_path, port=taken)
        assert output == f"port {taken}: Address already in use. Choose another with --port\n"
        output = refused(tmp_path, "--flower", "--flower-port", str(taken))
        assert output.endswith("Choose another with --flower-port\n")


def test_data_in_use_is_reported(tmp_path: Path) -> None:
    """A data directory that another bridge uses is refused."""
    with embedded_valkey(tmp_path / "kept"):
        output = refused(tmp_path, "--data", "kept")
    assert output == f"another bridge is running on kept: bridge up is process {os.getpid()}\n"


def test_data_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """A data directory that cannot be written is reported in one line before anything starts."""
    (tmp_path / "kept").touch()
    output = refused(tmp_path, "--data", "kept")
    assert output == "cannot keep data in kept: File exists. Choose another place with --data\n"


@pytest.mark.parametrize("port", ["http", "0", "65536"])
def test_a_bad_port_is_reported_with_the_variables_name(tmp_path: Path, port: str) -> None:
    """A bad ``PORT`` is reported with the variable's name."""
    ended = run("up", cwd=tmp_path, settings={"PORT": port})
    assert ended.returncode == 2
    assert "PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("settings", "output"),
    [
        ({"BRIDGE_PHONE_REGION": "UK"}, "ISO 3166; GB is the United Kingdom"),
        ({"BRIDGE_PHONE_REGION": "XX"}, "such as US or GB"),
        ({"BRIDGE_WAVV_ALIASES": '{"no_field": ["x"]}'}, "BRIDGE_WAVV_ALIASES: no such field"),
    ],
)
def test_a_setting_that_only_tasks_use_is_checked_at_the_start(
    tmp_path: Path, settings: Mapping[str, str], output: str
) -> None:
    """A setting that only tasks use is checked at the start."""
    assert output in refused(tmp_path, settings=settings)
