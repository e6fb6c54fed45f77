"""A test that is skipped is seen; in a build that has all it needs, it is a failure."""

import pytest

from tests.support.debian import INSTALLED, missing

FAILED, SKIPPED = pytest.fail.Exception, pytest.skip.Exception


@pytest.mark.parametrize(("installed", "outcome"), [("yes", FAILED), ("", SKIPPED)])
def test_a_package_that_was_installed_is_no_reason_to_skip(
    monkeypatch: pytest.MonkeyPatch, installed: str, outcome: type[BaseException]
) -> None:
    """Either way its name is told, and how to get it."""
    monkeypatch.setenv(INSTALLED, installed)
    with pytest.raises((FAILED, SKIPPED), match="a-server") as raised:
        missing("a-server")
    assert raised.type is outcome
