"""The environment of child processes, and of the demo."""

import os
from pathlib import Path

import pytest

from config.environment import child_environment, isolate


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
