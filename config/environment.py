"""The environment: passed on to child processes, or shut out for the demo."""

import os
from collections.abc import Mapping
from pathlib import Path

from config.settings import PREFIX


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ``extra`` on top."""
    return {**os.environ, **extra}


def isolate(directory: Path) -> None:
    """Forget every ``BRIDGE_*`` variable, and work where no ``.env`` or ``bridge.toml`` is."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        del os.environ[name]
    os.chdir(directory)
