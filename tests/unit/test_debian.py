"""Tests for skipping a test whose Debian package is missing."""

import pytest

from tests.support.debian import INSTALLED, missing

FAILED, SKIPPED = pytest.fail.Exception, pytest.skip.Exception


@pytest.mark.parametrize(("installed", "outcome"), [("yes", FAILED), ("", SKIPPED)])
def test_a_missing_package_fails_the_build_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, installed: str, outcome: type[BaseException]
) -> None:
    """A missing package skips the test, or fails it where the build installs packages."""
    monkeypatch.setenv(INSTALLED, installed)
    with pytest.raises((FAILED, SKIPPED), match="a-server") as raised:
        missing("a-server")
    assert raised.type is outcome
