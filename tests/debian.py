"""Servers that some tests need, and no Python package brings: Debian's packages."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(package: str) -> NoReturn:
    """Skip what needs a package that is not installed; fail where ``.ci/run`` could have done it.

    Otherwise a build whose installation broke would be as green as one that has tested it all.
    """
    told = f"missing: apt-get install --no-install-recommends {package}"
    if os.environ.get("CI") and os.geteuid() == 0 and shutil.which("apt-get"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)
