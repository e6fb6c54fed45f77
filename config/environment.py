"""The environment of child processes: ours, with what they must know besides."""

import os
from collections.abc import Mapping


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ``extra`` on top."""
    return {**os.environ, **extra}
