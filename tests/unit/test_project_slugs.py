"""Every entry of the timeline, log line and check that an operator may meet is documented."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.project_files import last_table, section, sources

Modules = Iterator[tuple[Path, ast.Module]]

EVENT = re.compile(r"(?:[a-z]+\.)[a-z_]+|Call(?:Started|Ended|Recorded)")
ROOMS = ("bridge", "tasks", "config")
NOT_OURS = ("bridge/simulator", "bridge/cli", "bridge/supervise")
OUTCOMES = ("ignored.", "parked.")


def test_every_entry_of_the_timeline_is_in_the_documents() -> None:
    """The timeline is read by people."""
    given = {word for word in timeline_entries() if not word.startswith(OUTCOMES)}
    documented = set(re.findall(r"`([^`]+)`", first_cells("## The timeline of a call")))
    logged = log_lines(lambda _: True, sources("bridge/pipeline/events.py"))
    assert documented == given - (logged - {"event.ignored"})  # which is in both


def test_every_warning_of_the_log_is_in_the_documents() -> None:
    """Whoever is woken by a line finds what it means."""
    warnings = log_lines(lambda level: level in {"warning", "error", "exception", "level"}, code())
    documented = set(re.findall(r"`([^`]+)`", first_cells("## Log lines that matter")))
    assert warnings == documented


def test_every_check_of_readiness_is_in_the_documents() -> None:
    """Whoever sees a check fail finds what to do."""
    names = {
        node.args[0].value
        for _, tree in code()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) == "Check" and node.args
        if isinstance(node.args[0], ast.Constant)
    }
    documented = set(re.findall(r"`([^`]+)`", first_cells("## Readiness")))
    assert names <= documented


def log_lines(wanted: Callable[[str], bool], modules: Modules) -> set[str]:
    """Return the events that the modules log at the levels wanted."""
    return {
        node.args[0].value
        for _, tree in modules
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and _is_log(node) and wanted(called(node))
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        if EVENT.fullmatch(node.args[0].value)
    }


def _is_log(node: ast.Call) -> bool:
    return called(node) in {"debug", "info", "warning", "error", "exception", "level"}


def timeline_entries() -> Iterator[str]:
    """Yield the strings that look like an entry, where entries are written."""
    for _, tree in sources("bridge/domain", "bridge/pipeline/events.py"):
        found = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from (word for word in found if isinstance(word, str) and EVENT.fullmatch(word))


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def code() -> Modules:
    """Yield the modules whose slugs operators meet."""
    for path, tree in sources(*ROOMS):
        if not any(room in path.as_posix() for room in NOT_OURS):
            yield path, tree


def first_cells(head: str) -> str:
    """Return the first column of a section's table, as it is written."""
    table = last_table(section("docs/operations.md", head))
    return "\n".join(line.split("|")[1] for line in table.splitlines()[2:])
