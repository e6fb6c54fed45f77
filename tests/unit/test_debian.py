"""A test that is skipped is seen; in a build that could have run it, it is a failure."""

import os
import shutil

import pytest

from tests.debian import missing

FAILED, SKIPPED = pytest.fail.Exception, pytest.skip.Exception


@pytest.mark.parametrize(
    ("ci", "user", "apt", "outcome"),
    [
        ("true", 0, "/usr/bin/apt-get", FAILED),
        ("", 0, "/usr/bin/apt-get", SKIPPED),
        ("true", 1000, "/usr/bin/apt-get", SKIPPED),
        ("true", 0, None, SKIPPED),
    ],
    ids=["a build as root", "a developer", "a build without root", "a build without apt-get"],
)
def test_a_package_that_could_have_been_installed_is_no_reason_to_skip(
    monkeypatch: pytest.MonkeyPatch,
    ci: str,
    user: int,
    apt: str | None,
    outcome: type[BaseException],
) -> None:
    """Either way its name is told, and how to get it."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(shutil, "which", lambda _: apt)
    with pytest.raises((FAILED, SKIPPED), match="a-server") as raised:
        missing("a-server")
    assert raised.type is outcome
