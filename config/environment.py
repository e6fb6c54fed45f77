"""Environment variables: passes them to child processes, and removes those that would interfere."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

OPERATORS_OWN = re.compile(
    r"(BRIDGE|CELERY|FLOWER|UVICORN)_.*|WEB_CONCURRENCY|(HTTPS?|ALL)_PROXY", re.IGNORECASE
)
"""Matches the variables that the demo removes: the bridge's settings, and variables that libraries
read.

``CELERY_BROKER_URL`` would override Celery's configuration, and a proxy would receive the requests
to the loopback.
"""

CELERYS_OWN = re.compile(r"CELERY_BROKER(_READ|_WRITE)?_URL|CELERY_RESULT_BACKEND")


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process, with the variables of ``extra`` set."""
    return {**os.environ, **extra}


def forget_celery_variables() -> list[str]:
    """Remove Celery's variables for its broker, which would silently override the settings.

    Return the names of the removed variables.
    """
    found = [name for name in os.environ if CELERYS_OWN.fullmatch(name)]
    for name in found:
        del os.environ[name]
    return found


def isolate(directory: Path) -> None:
    """Isolate this process from the operator's settings.

    Remove the operator's variables, and change to a directory without ``.env`` or ``bridge.toml``.
    """
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        del os.environ[name]
    os.chdir(directory)
