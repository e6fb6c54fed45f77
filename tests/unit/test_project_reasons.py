"""Every slug that an operator may meet stands in the documents, and none that they cannot meet.

The slugs are read from the code: there is no list of them that could be forgotten.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.askelephant.answers import MEANING
from bridge.askelephant.client import REASONS as ASKELEPHANT
from bridge.store.hold import OUTAGE
from bridge.wavv.client import REASONS as WAVV
from tests.support.project_files import between, last_table, rows, section, sources

Modules = Iterator[tuple[Path, ast.Module]]

SLUG = re.compile(r"[a-z]+(_[a-z0-9]+)*")
EVENT = re.compile(r"(?:[a-z]+\.)[a-z_]+|Call(?:Started|Ended|Recorded)")
ROOMS = ("bridge", "tasks", "config")
NOT_OURS = ("bridge/simulator", "bridge/cli", "bridge/supervise")
REASON_AT = {
    "GiveUp": 0, "Failed": 0, "Skipped": 0, "Deferred": 0, "Ignored": 0, "PydanticCustomError": 0,
    "MalformedBody": 0, "Unsigned": 0, "TooLarge": 0, "TooSlow": 0, "UnsupportedType": 0,
    "Unusable": 0, "UnknownPath": 0,
    "NotStored": 0, "Unauthorized": 1, "_failure": 1, "_wait": 2, "problem": 1,
    "Unsubmittable": 0, "RecordingAwaited": 0, "failure": 1,
}  # fmt: skip
"""Which argument of a call is a reason."""

NAMED = {
    "GATEWAY": "gateway_error",
    "REQUEST_BUDGET": "request_budget",
    "UNREADABLE": "askelephant_answer_unreadable",
    "MISSING": "recording_missing",
}
"""Reasons that are given by a constant's name."""

RETURN_REASONS = frozenset(
    {"skip_reason", "unrecorded_reason", "_meaning", "_refused", "engagement_request"}
)
TOLD_OTHERWISE = frozenset(
    {
        "owners_many",
        "transcript_too_long",
        "email_invalid",
        "phone_invalid",
        "unknown_event",
        "bad_capture",
        "problem",
    }
)
"""Codes that become `request_invalid`, what is counted as `ignored.…`, a message of the CLI."""

OUTCOMES = ("ignored.", "parked.")


def test_every_reason_is_in_the_documents() -> None:
    """Whoever meets a reason finds what it means, and what to do."""
    missing = reasons() - documented_reasons()
    assert not missing, f"put into docs/reasons.md or docs/operations.md: {sorted(missing)}"


def test_the_documents_tell_of_no_reason_that_is_gone() -> None:
    """A table without leftovers."""
    leftovers = documented_reasons() - reasons()
    assert not leftovers, f"no code gives these: {sorted(leftovers)}"


@pytest.mark.parametrize("slug", ["recording_missing", "throttled", "too_short", "no_call_id"])
def test_the_reader_of_the_code_finds_reasons(slug: str) -> None:
    """Each way of giving a reason is seen: argument, table, return value, keyword."""
    assert slug in reasons()


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


def reasons() -> set[str]:
    """Return every reason that the code can give."""
    found = {OUTAGE, *ASKELEPHANT.values(), *WAVV.values()} | {slug for _, slug in MEANING.values()}
    for _, tree in code():
        for node in ast.walk(tree):
            found |= {slug for slug in _reasons_of(node) if SLUG.fullmatch(slug)}
    return found - TOLD_OTHERWISE


def _reasons_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call():
            place = REASON_AT.get(called(node))
            if place is not None and len(node.args) > place:
                yield from strings(node.args[place])
            for keyword in node.keywords:
                if keyword.arg == "reason":
                    yield from strings(keyword.value)
        case ast.Assign(targets=[ast.Name(id="reason" | "slug")], value=value):
            yield from strings(value)
        case ast.FunctionDef(name=name) if name in RETURN_REASONS:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield from strings(inner.value)


def strings(node: ast.expr) -> Iterator[str]:
    """Yield the string constants of an expression that could be its value."""
    match node:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp(body=body, orelse=other):
            yield from strings(body)
            yield from strings(other)
        case ast.Tuple(elts=elements):
            for element in elements:
                yield from strings(element)
        case ast.Dict(values=members):
            for member in members:
                yield from strings(member)
        case ast.Call(args=args) if called(node) in {"get", "Unsubmittable"}:
            for arg in args:
                yield from strings(arg)
        case ast.Name(id=name) if name in NAMED:
            yield NAMED[name]


def documented_reasons() -> set[str]:
    """Return the reasons of the tables in the pages of reasons and of operations."""
    heads = ("## Events that are", "## The API's", "## Tasks that end", "## Links that are")
    tables = [last_table(section("docs/operations.md", head)) for head in heads]
    refusals = {row[1] for table in tables for row in rows(table)}
    return refusals | {row[0] for row in rows(between("docs/reasons.md", "reasons"))}


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
