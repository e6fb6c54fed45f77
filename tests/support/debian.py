"""Servers that some tests need, and no Python package brings: Debian's packages."""

import os
from typing import NoReturn

import pytest

INSTALLED = "DEBIAN_SERVERS"
"""Set by ``.ci/run``: they are there."""


def missing(package: str) -> NoReturn:
    """Skip what needs a package that is not installed; fail where ``.ci/run`` has installed it.

    Otherwise a build that does not find its servers would be as green as one that has tested all.
    """
    told = f"missing: apt-get install --no-install-recommends {package}"
    if os.environ.get(INSTALLED):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
