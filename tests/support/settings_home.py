"""An empty directory and environment from which a test loads settings."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from config.settings import PREFIX


@dataclass(frozen=True)
class Home:
    """The directory and the environment in which a process of the bridge would start."""

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
