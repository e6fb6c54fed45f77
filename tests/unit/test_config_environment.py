"""Tests for the environment of child processes and of the demo."""

import os
from pathlib import Path

import pytest

from config.environment import child_environment, forget_celery_variables, isolate


def test_children_inherit_the_environment_with_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed variables override inherited ones, and the parent's environment stays as it is."""
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "BRIDGE_NAMESPACE": "old"})
    environment = child_environment({"BRIDGE_NAMESPACE": "new", "PORT": "8000"})
    assert environment == {"PATH": "/bin", "BRIDGE_NAMESPACE": "new", "PORT": "8000"}
    assert os.environ["BRIDGE_NAMESPACE"] == "old"


def test_the_demo_has_none_of_the_operators_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's environment has none of the operator's variables and an own directory."""
    monkeypatch.chdir(Path("/"))
    own = {"BRIDGE_REDIS_URL": "x", "bridge_wavv_secrets": "x", "CELERY_BROKER_URL": "x"}
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "HTTPS_PROXY": "x"} | own)
    isolate(tmp_path)
    assert os.environ == {"PATH": "/bin"}
    assert Path.cwd() == tmp_path


def test_celerys_own_variables_cannot_overrule_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery's variables, which override its configuration, are removed and returned by name."""
    ours = {"PATH": "/bin", "BRIDGE_BROKER_URL": "redis://here"}
    celerys = {"CELERY_BROKER_URL": "x", "CELERY_BROKER_READ_URL": "x"}
    monkeypatch.setattr(os, "environ", ours | celerys)
    assert set(forget_celery_variables()) == set(celerys)
    assert os.environ == ours
