"""Tests that the page of ``tests/support`` lists its modules."""

from tests.support.project_files import ROOT, rows, section


def test_the_page_has_one_row_for_each_module() -> None:
    """A module that the page does not list, or a row without a module, is an error."""
    modules = {path.stem for path in (ROOT / "tests/support").glob("*.py")} - {"__init__"}
    assert {row[0] for row in rows(section("tests/support/README.md", "## Modules"))} == modules
