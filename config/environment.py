"""Environment variables: passed on to child processes, and removed where they would disturb."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

OPERATORS_OWN = re.compile(
    r"(BRIDGE|CELERY|FLOWER|UVICORN)_.*|WEB_CONCURRENCY|(HTTPS?|ALL)_PROXY", re.IGNORECASE
)
"""Variables that the demo removes: the bridge's settings, and those that libraries read.

``CELERY_BROKER_URL`` overrides Celery's configuration, and a proxy would get requests to the
loopback.
"""

CELERYS_OWN = re.compile(r"CELERY_BROKER(_READ|_WRITE)?_URL|CELERY_RESULT_BACKEND")


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process, with the variables of ``extra`` set."""
    return {**os.environ, **extra}


def forget_celery_variables() -> list[str]:
    """Remove Celery's variables for its broker, which would silently override the settings.

    Returns the names of those that were set.
    """
    found = [name for name in os.environ if CELERYS_OWN.fullmatch(name)]
    for name in found:
        del os.environ[name]
    return found


def isolate(directory: Path) -> None:
    """Remove the operator's variables; enter a directory without ``.env`` or ``bridge.toml``."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        del os.environ[name]
    os.chdir(directory)
