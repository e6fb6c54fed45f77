"""The documents list every log line of level warning and above."""

import re

from tests.support.project_files import ROOT, last_table, section

WARNING = re.compile(r'\b(?:log\.(?:warning|error|exception)|level)\(\s*"([a-z_]+\.[a-z_]+)"')
PACKAGES = ("bridge", "tasks", "config")
NOT_OF_OPERATORS = ("bridge/simulator", "bridge/cli", "bridge/supervise")


def test_every_warning_of_the_log_is_in_the_documents() -> None:
    """An operator finds what a line means, and what to do."""
    code = [
        path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(NOT_OF_OPERATORS)
    ]
    table = last_table(section("docs/operations.md", "## Log lines that matter"))
    names = " ".join(line.split("|")[1] for line in table.splitlines()[2:])
    assert set(re.findall(r"`([^`]+)`", names)) == set(WARNING.findall("".join(code)))
