"""``bridge demo`` when the bridge does not start."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import main
from bridge.simulator.demo import run
from config.environment import OPERATORS_OWN


@pytest.fixture(autouse=True)
def restored_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore directory, environment and signals, which the demo changes."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_bridge_that_does_not_come_up_ends_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the bridge does not start, the demo prints where the log is, and exits with 1."""
    monkeypatch.setattr(run, "DEADLINE", 0.0)
    played = CliRunner().invoke(main, ["demo", "--log", "own.log"])
    assert played.exit_code == 1
    output = " ".join(played.output.split())
    assert output.startswith("The demo was not completed. All log lines are in ")
    assert (tmp_path / "own.log").exists()


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Exit code 2, before any process starts."""
    (tmp_path / "kept").touch()
    ended = CliRunner().invoke(main, ["demo", "--log", "kept/demo.log"])
    assert ended.exit_code == 2
    cause = "cannot write to kept/demo.log: File exists. Choose another with --log"
    assert ended.output == f"{cause}\n"
