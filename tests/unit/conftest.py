"""Fixtures for the unit tests: no network, no Redis, no settings of the machine's."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.settings import PREFIX


@dataclass(frozen=True)
class Home:
    """Where a process of the bridge would start: its directory and its environment."""

    path: Path
    monkeypatch: pytest.MonkeyPatch

    def set(self, **variables: str) -> None:
        """Set ``BRIDGE_*`` variables, named without their prefix."""
        for name, value in variables.items():
            self.monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file into the directory."""
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give an empty directory to start in, and an environment without our variables."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    return Home(tmp_path, monkeypatch)
