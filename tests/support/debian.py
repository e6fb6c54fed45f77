"""Skips or fails tests that need a server of a Debian package."""

import os
from typing import NoReturn

import pytest

INSTALLED = "DEBIAN_SERVERS"
"""The variable that ``.ci/run`` sets after it has installed the packages."""


def missing(package: str) -> NoReturn:
    """Skip the test, or fail it if ``.ci/run`` has installed the package.

    A build that cannot find its servers must not pass as one that tested everything.
    """
    message = f"missing: apt-get install --no-install-recommends {package}"
    if os.environ.get(INSTALLED):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
