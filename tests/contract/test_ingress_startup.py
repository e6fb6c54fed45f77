"""The start of the web process with good and with bad settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sandbox import WAIT

START = "from bridge.web import create_app; print(callable(create_app()))"


def started(home: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Make the application as uvicorn does, in a process with only these settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    environment = clean | {"PYTHONPATH": str(Path.cwd())} | variables
    argv = [sys.executable, "-c", START]
    return subprocess.run(  # noqa: S603 - our own interpreter
        argv,
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=3 * WAIT,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "BRIDGE_REDIS_URL must be set, or start everything with: bridge up"),
        ({"BRIDGE_REDIS_URL": "localhost:6379"}, "BRIDGE_REDIS_URL: must start with redis://"),
    ],
)
def test_bad_settings_end_the_process_with_their_names(
    tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    """Bad settings end the process with one sentence that names them, without a traceback."""
    process = started(tmp_path, **variables)
    assert process.returncode == 1
    assert message in process.stderr
    assert "Traceback" not in process.stderr


def test_good_settings_make_the_application(tmp_path: Path) -> None:
    """Good settings make the application without a Redis, which is connected to later."""
    process = started(tmp_path, BRIDGE_REDIS_URL="redis://127.0.0.1:1/0")
    assert (process.returncode, process.stdout.strip()) == (0, "True")
