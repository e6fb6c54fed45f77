"""The ``bridge`` command: fast help, and output for other programs."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from bridge import __version__
from bridge.cli import main
from bridge.supervise.embedded import free_port
from config import Settings
from config.table import settings_table
from tests.support.bridge_command import run, running
from tests.support.waiting import wait_for

HEAVY = ("celery", "fastapi", "httpx", "kombu", "phonenumbers", "pydantic", "redis", "svix")
COMMANDS = (
    "up",
    "demo",
    "sandbox",
    "send",
    "settings",
    "why",
    "replay",
    "stats",
    "reasons",
    "token",
)


@pytest.mark.parametrize("module", HEAVY)
def test_help_needs_no_heavy_library(module: str, loaded: frozenset[str]) -> None:
    """``bridge --help`` imports no heavy library; commands import what they need when they run."""
    assert module not in loaded


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """Return the modules that the command imports before it runs."""
    text = "import sys, bridge.cli.app; print(*sys.modules)"
    argv = (sys.executable, "-c", text)
    listed = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return frozenset(listed.stdout.split())


def test_help_names_every_command(tmp_path: Path) -> None:
    """``bridge --help`` and ``python -m bridge --help`` name every command."""
    argv = (sys.executable, "-m", "bridge.cli", "--help")
    listed = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)  # noqa: S603 - ours
    assert all(f"  {name} " in listed.stdout for name in COMMANDS)
    assert (
        run("--help", cwd=tmp_path).stdout.split()
        == listed.stdout.replace("python -m bridge.cli", "bridge").split()
    )


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    """``bridge --version`` prints the version that the API and ``/livez`` name."""
    printed = run("--version", cwd=tmp_path)
    assert (printed.returncode, printed.stdout) == (0, f"bridge {__version__}\n")


@pytest.mark.parametrize("words", [(), ("hold",), ("hold", "show"), ("why",)])
def test_h_is_short_for_help(words: tuple[str, ...]) -> None:
    """``-h`` prints the help of every command."""
    short, long = (CliRunner().invoke(main, [*words, option]) for option in ("-h", "--help"))
    assert (short.exit_code, short.output) == (0, long.output)


def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    """The script of ``--show-completion`` gets its words from the command."""
    settings = {"_BRIDGE_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    for typed, completed in (("bridge hold re", "release"), ("bridge why --js", "--json")):
        listed = run(cwd=tmp_path, settings={**settings, "COMP_WORDS": typed})
        assert listed.stdout.split() == [completed]


def test_without_a_command_it_helps() -> None:
    """Without a command ``bridge`` prints its help."""
    assert "Commands:" in CliRunner().invoke(main, []).output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """The help of every command begins with what it does, then lists its options."""
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0
    assert result.output.split("\n\n")[1].strip().endswith(".")


def test_settings_prints_the_table() -> None:
    """``bridge settings`` prints the table of docs/settings.md."""
    printed = CliRunner().invoke(main, ["settings"])
    assert printed.output == f"{settings_table()}\n"
    assert all(f"`BRIDGE_{name.upper()}`" in printed.output for name in Settings.model_fields)


def test_a_sandbox_with_an_unknown_behaviour_does_not_start() -> None:
    """A sandbox with an unknown behaviour does not start."""
    result = CliRunner().invoke(main, ["sandbox", "--behaviours", "chek-people", "--settings"])
    assert result.exit_code == 2
    assert "no such behaviour: chek-people" in result.output


def test_the_sandboxs_settings_are_an_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``bridge sandbox --settings`` prints lines for ``.env`` that a bridge can use."""
    printed = CliRunner().invoke(main, ["sandbox", "--settings", "--port", "8499"])
    (tmp_path / ".env").write_text(printed.output)
    monkeypatch.chdir(tmp_path)
    for name in dotenv_values(".env"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert settings.askelephant_base_url == "http://127.0.0.1:8499/api"
    assert settings.askelephant_api_key
    assert settings.askelephant_webhook_secrets
    assert settings.askelephant_url_template.startswith("http://127.0.0.1:8499/workspaces/")


def test_a_sandbox_prints_where_it_listens(tmp_path: Path) -> None:
    """The line is printed when the sandbox listens, and names the list of behaviours."""
    root = f"http://127.0.0.1:{free_port()}"
    line = f"The sandbox listens on {root}. Behaviours: {root}/sandbox/behaviours\n"
    words = ("sandbox", "--port", root.rpartition(":")[2])
    with running(*words, cwd=tmp_path, settings={}) as sandbox:
        wait_for(sandbox.output, lambda output: output == line, "where it listens")
        assert httpx.get(f"{root}/sandbox/behaviours", trust_env=False).is_success
