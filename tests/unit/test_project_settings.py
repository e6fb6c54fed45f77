"""Settings, documents and examples say the same."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.domain.call import new_call
from bridge.domain.title import title
from bridge.services import build_services
from bridge.web.readiness import readiness
from config import load_settings
from config.load import unknown_names
from config.settings import PREFIX, Settings
from config.types import TITLE_NAMES
from tests.support.project_files import (
    DOCUMENTS,
    ROOT,
    compose,
    dotenv_names,
    procfile,
    text,
    variables,
)
from tests.support.settings_home import Home

KNOWN = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
TEXTS = (*DOCUMENTS, *(ROOT / name for name in ("Procfile", "docker-compose.yml", ".env.example")))
PROCESS_VARIABLES = {"PORT", "HOST", "FLOWER_PORT", "WEB_CONCURRENCY", "FLOWER_BASIC_AUTH"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_names_a_variable_that_no_setting_has(path: Path) -> None:
    """A renamed setting is renamed everywhere."""
    named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+\b", path.read_text(encoding="utf-8")))
    assert named <= KNOWN


def test_env_example_has_what_readiness_asks_for() -> None:
    """Whoever fills in `.env.example` is not told afterwards that a variable is missing."""
    nowhere = Settings.model_construct(redis_url="redis://127.0.0.1:1/0")
    checks = readiness(build_services(nowhere))
    asked = {word for check in checks for word in re.findall(rf"{PREFIX}\w+", check.detail)}
    assert asked
    assert asked <= dotenv_names(".env.example")


def test_env_example_names_only_settings_and_what_processes_read() -> None:
    """The example holds no variable that nobody reads."""
    assert dotenv_names(".env.example") <= KNOWN | PROCESS_VARIABLES


def test_env_example_names_what_procfile_and_compose_expand() -> None:
    """Whatever may be set for the processes is in the example, or a setting, or HOST."""
    expanded = variables(" ".join(procfile().values())) | variables(text("docker-compose.yml"))
    assert expanded - KNOWN - {"HOST"} <= dotenv_names(".env.example")


def test_env_example_can_be_loaded_as_it_is(home: Home) -> None:
    """Variables left empty are variables not set, and all others are valid when uncommented."""
    written = re.sub(r"^# ([A-Z_]+=)", r"\1", text(".env.example"), flags=re.MULTILINE)
    home.write(".env", written)
    home.write("agents.csv", "id,email\nagent,a@example.com\n")
    settings = load_settings()
    assert settings.askelephant_api_key is None
    assert settings.wavv_secrets == ()
    assert [agent.id for agent in settings.agents] == ["agent"]


def test_toml_example_can_be_loaded_as_it_is(home: Home) -> None:
    """Every key of `bridge.toml.example` is a setting, with a value that it takes."""
    home.write("bridge.toml", text("bridge.toml.example"))
    settings = load_settings()
    assert len(settings.agents) == 2
    assert not [line for line in unknown_names() if line.startswith("bridge.toml")]


def test_compose_repeats_no_default_that_differs() -> None:
    """A default written into the Compose file is the setting's own."""
    environment = compose()["services"]["flower"]["environment"]
    assert (
        environment["BRIDGE_NAMESPACE"]
        == f"${{BRIDGE_NAMESPACE:-{Settings.model_construct().namespace}}}"
    )


@pytest.mark.parametrize("name", sorted(TITLE_NAMES))
def test_every_placeholder_of_the_title_can_be_filled(name: str) -> None:
    """What `config` lets through, the domain knows."""
    call = new_call("a-call", datetime(2026, 5, 13, tzinfo=UTC))
    assert title(call, f"{{{name}}}")
