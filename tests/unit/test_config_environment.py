"""The environment of child processes, and of the demo."""

import os
from pathlib import Path

import pytest

from config.environment import child_environment, forget_celery_variables, isolate


def test_children_inherit_and_are_told_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they are told is stronger; ours stays as it was."""
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "BRIDGE_NAMESPACE": "old"})
    told = child_environment({"BRIDGE_NAMESPACE": "new", "PORT": "8000"})
    assert told == {"PATH": "/bin", "BRIDGE_NAMESPACE": "new", "PORT": "8000"}
    assert os.environ["BRIDGE_NAMESPACE"] == "old"


def test_the_demo_knows_nothing_of_the_operators_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not submit its calls to the operator's workspace."""
    monkeypatch.chdir(Path("/"))
    own = {"BRIDGE_REDIS_URL": "x", "bridge_wavv_secrets": "x", "CELERY_BROKER_URL": "x"}
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", "HTTPS_PROXY": "x"} | own)
    isolate(tmp_path)
    assert os.environ == {"PATH": "/bin"}
    assert Path.cwd() == tmp_path


def test_celerys_own_variables_cannot_overrule_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery prefers them to its configuration; they are removed, and told by name."""
    ours = {"PATH": "/bin", "BRIDGE_BROKER_URL": "redis://here"}
    celerys = {"CELERY_BROKER_URL": "x", "CELERY_BROKER_READ_URL": "x"}
    monkeypatch.setattr(os, "environ", ours | celerys)
    assert set(forget_celery_variables()) == set(celerys)
    assert os.environ == ours
