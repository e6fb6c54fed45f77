"""Fixtures for the unit tests: no network, no Redis, no settings of the machine's."""

import os
from pathlib import Path

import pytest

from config.settings import PREFIX
from tests.support.settings_home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give an empty directory to start in, and an environment without our variables."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    return Home(tmp_path, monkeypatch)
