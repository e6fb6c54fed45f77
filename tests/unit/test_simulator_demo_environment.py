"""The demo's own settings, and that no one else's get in."""

import os
from pathlib import Path

import pytest

from bridge.simulator.demo.environment import new_environment
from config import load_settings
from config.environment import OPERATORS_OWN, isolate
from config.load import unknown_names

OPERATORS = (
    "BRIDGE_REDIS_URL",
    "bridge_api_tokens",
    "CELERY_BROKER_URL",
    "FLOWER_BASIC_AUTH",
    "UVICORN_WORKERS",
    "WEB_CONCURRENCY",
    "HTTP_PROXY",
    "https_proxy",
    "ALL_PROXY",
)


@pytest.fixture(autouse=True)
def nobodys_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a developer's settings out of it, and give everything back at the end."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("with_flower", [True, False])
def test_the_stages_settings_are_good(
    *, with_flower: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every name is a setting's, and what must agree agrees."""
    environment = new_environment(with_flower=with_flower)
    for name, value in environment.variables().items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert not unknown_names()
    assert settings.askelephant_base_url == f"{environment.sandbox_url}/api"
    assert (environment.flower_port is not None) == with_flower


def test_no_two_stages_share_a_secret() -> None:
    """Whoever reads this code knows none of them."""
    one, other = new_environment(with_flower=False), new_environment(with_flower=False)
    assert one.wavv_secret != other.wavv_secret
    assert one.api_token != other.api_token


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operators_variables_are_shut_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither his keys and data, nor a broker or proxy that a library would take by itself."""
    monkeypatch.setenv(name, "redis://production.example/0")
    isolate(tmp_path)
    assert name not in os.environ


def test_what_processes_need_to_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A language, a path, a home."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    isolate(tmp_path)
    assert {"PATH", "LANG"} <= os.environ.keys()


def test_an_operators_files_are_out_of_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``.env`` and ``bridge.toml`` are read from where one is."""
    (tmp_path / ".env").write_text("BRIDGE_NAMESPACE=production\n")
    (tmp_path / "bridge.toml").write_text('wavv_secrets = ["production"]\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    isolate(elsewhere)
    settings = load_settings()
    assert (settings.namespace, settings.wavv_secrets) == ("bridge", ())
