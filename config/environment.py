"""The environment: passed on to child processes, or shut out for the demo."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

OPERATORS_OWN = re.compile(
    r"(BRIDGE|CELERY|FLOWER|UVICORN)_.*|WEB_CONCURRENCY|(HTTPS?|ALL)_PROXY", re.IGNORECASE
)
"""Our settings, and what the libraries read by themselves: ``CELERY_BROKER_URL`` is stronger than
Celery's configuration, and a proxy would be asked for the loopback."""

CELERYS_OWN = re.compile(r"CELERY_BROKER(_READ|_WRITE)?_URL|CELERY_RESULT_BACKEND")


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ``extra`` on top."""
    return {**os.environ, **extra}


def forget_celery_variables() -> list[str]:
    """Remove Celery's own broker variables, which would overrule our settings in silence.

    Returns their names, to be reported.
    """
    found = [name for name in os.environ if CELERYS_OWN.fullmatch(name)]
    for name in found:
        del os.environ[name]
    return found


def isolate(directory: Path) -> None:
    """Forget the operator's variables, and work where no ``.env`` or ``bridge.toml`` is."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        del os.environ[name]
    os.chdir(directory)
