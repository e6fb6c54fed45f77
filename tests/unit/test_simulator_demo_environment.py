"""Tests for the demo's settings, which exclude the operator's."""

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
def empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings from the environment for the time of a test."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("with_flower", [True, False])
def test_the_demos_settings_are_valid(
    *, with_flower: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's variables are known settings and do not contradict each other."""
    environment = new_environment(with_flower=with_flower)
    for name, value in environment.variables().items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert not unknown_names()
    assert settings.askelephant_base_url == f"{environment.sandbox_url}/api"
    assert (environment.flower_port is not None) == with_flower


def test_no_two_demos_share_a_secret() -> None:
    """Each demo has its own secrets."""
    first, second = new_environment(with_flower=False), new_environment(with_flower=False)
    assert first.wavv_secret != second.wavv_secret
    assert first.api_token != second.api_token


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operators_variables_are_removed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of the bridge, of Celery and of proxies are removed."""
    monkeypatch.setenv(name, "redis://production.example/0")
    isolate(tmp_path)
    assert name not in os.environ


def test_path_and_language_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``PATH`` and ``LANG`` stay in the environment."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    isolate(tmp_path)
    assert {"PATH", "LANG"} <= os.environ.keys()


def test_an_operators_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``.env`` and ``bridge.toml`` of the operator's directory are not read."""
    (tmp_path / ".env").write_text("BRIDGE_NAMESPACE=production\n")
    (tmp_path / "bridge.toml").write_text('wavv_secrets = ["production"]\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    isolate(elsewhere)
    settings = load_settings()
    assert (settings.namespace, settings.wavv_secrets) == ("bridge", ())
