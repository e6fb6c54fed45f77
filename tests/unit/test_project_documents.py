"""The documents tell of the code that is there."""

import importlib
import inspect
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from bridge.cli import main
from bridge.domain.call import State
from bridge.domain.hearing import HEARD
from bridge.domain.machine import TABLE
from bridge.domain.steps import STEPS
from bridge.services import build_services
from bridge.store.keys import Keys
from bridge.web.metrics import FAMILIES, exposition
from config import Settings
from tests.chaos.faults.table import FAULTS
from tests.support.project_files import (
    DOCUMENTS,
    ROOT,
    anchors,
    between,
    commands,
    rows,
    section,
    text,
)

PARAMETERS = {"state": State.LIVE, "step": STEPS[0]}
RETRIES = "## Retries, and their ends"
UNITS = {"s": 1, "min": 60, "h": 3600}
DEMO_AND_TESTS = {"make demo", "make test"}


def relative(path: Path) -> str:
    """Return a document's path as a reader would write it."""
    return path.relative_to(ROOT).as_posix()


def test_the_architecture_draws_every_change_of_state() -> None:
    """The picture has an arrow for each pair of states that the table joins, and no other."""
    moves = {(str(at), str(to)) for (at, _), to in (*HEARD.items(), *TABLE.items()) if at is not to}
    drawn = re.findall(r"^ {4}(\w+) --> (\w+)", text("docs/architecture.md"), re.MULTILINE)
    assert {pair for pair in drawn if set(pair) <= set(State)} == moves


def test_the_architecture_lists_every_key() -> None:
    """Whoever looks into Redis finds each key explained."""
    keys = Keys("bridge")
    made = {_family(str(key)) for key in _all_keys(keys)} | {_family(keys.of("ready"))}
    listed = [_family(row[0]) for row in rows(between("docs/architecture.md", "keys"))]
    assert sorted(listed) == sorted(made)


@pytest.mark.parametrize(
    "row", rows(between("docs/architecture.md", "limits")), ids=lambda row: row[2]
)
def test_the_architecture_tells_the_limits_of_the_code(row: list[str]) -> None:
    """A limit that is changed in the code is changed on the page."""
    module, _, name = row[2].rpartition(".")
    value: Any = getattr(importlib.import_module(module), name)
    told = value.total_seconds() if isinstance(value, timedelta) else value
    assert f"{told:g}" == f"{float(row[1]):g}"


def test_the_operations_tell_the_times_of_the_settings() -> None:
    """How long something is tried again is what the setting says."""
    told = re.findall(r"`BRIDGE_(\w+)` \((\d+) (s|min|h)\b", section("docs/operations.md", RETRIES))
    assert len(told) > 7
    for name, number, unit in told:
        default = Settings.model_fields[name.lower()].default
        assert timedelta(seconds=int(number) * UNITS[unit]) == default, name


def test_every_metric_is_exposed(valkey_url: str, keys: Keys) -> None:
    """The list of the documents is made from the families."""
    settings = Settings.model_construct(redis_url=valkey_url, namespace=keys.namespace)
    services = build_services(settings)
    exposed = re.findall(r"^# HELP (\S+) (.+)$", exposition(services).decode(), re.MULTILINE)
    services.redis.close()
    assert [(one.name, one.help) for one in FAMILIES] == exposed


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    """No link to a file or a heading that does not exist."""
    links = re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", path.read_text(encoding="utf-8"))
    broken = [(to, anchor) for to, anchor in links if not _exists(path, to, anchor)]
    assert not broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_documents_use_commands_that_are_there(path: Path) -> None:
    """Every `bridge` command with its options, and every `make` target, exists."""
    group = typer.main.get_command(main)
    known: Any = getattr(group, "commands", {})
    for line in commands(relative(path)):
        words = line.partition("#")[0].split()
        if words[:1] == ["bridge"]:
            command = known[words[1]]
            command = getattr(command, "commands", {}).get("".join(words[2:3]), command)
            options = {option for one in command.params for option in one.opts}
            assert {word for word in words if word.startswith("--")} <= options, line
        if words[:1] == ["make"]:
            assert re.search(rf"^{words[1]}:", text("Makefile"), re.MULTILINE), line


def test_the_readme_can_be_read_at_once() -> None:
    """What is longer belongs on a page of its own."""
    assert len(text("README.md").splitlines()) <= 150


def test_the_readme_begins_with_the_two_commands() -> None:
    """Who has three minutes runs `make demo`; who has ten runs `make test`."""
    first = commands("README.md")[:2]
    assert {line.partition("#")[0].strip() for line in first} == DEMO_AND_TESTS


def test_the_chaos_page_lists_every_fault_of_the_chaos_suite() -> None:
    """By its name, and in the suite's own words."""
    told = [row[:2] for row in rows(between("docs/chaos.md", "faults"))]
    assert told == [[fault.name, fault.line] for fault in FAULTS.values()]


def test_decisions_are_numbered_without_gaps_and_have_one_shape() -> None:
    """Date, status, context, decision, alternatives and consequences, in fewer than 300 words."""
    found = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    assert [int(path.name[:4]) for path in found] == list(range(1, len(found) + 1))
    for path in found:
        written = path.read_text(encoding="utf-8")
        assert written.startswith(f"# {int(path.name[:4])}. "), path.name
        assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: ", written, re.MULTILINE), path.name
        parts = re.findall(r"^\*\*(\w+)\.\*\*", written, re.MULTILINE)
        assert parts == ["Context", "Decision", "Alternatives", "Consequences"], path.name
        assert len(written.split()) < 300, path.name


def test_the_list_of_decisions_has_each_with_its_title() -> None:
    """The list is what a reader searches first."""
    expected = [
        f"- [{path.name[:4]}]({path.name}) {path.read_text(encoding='utf-8').partition(chr(10))[0]}"
        for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    ]
    listed = re.findall(r"^- .*$", text("docs/decisions/README.md"), re.MULTILINE)
    assert listed == [re.sub(r"# \d+\. ", "", line) for line in expected]


def test_continuous_integration_runs_all_targets() -> None:
    """`.ci/run` is what a change must pass: check, test, demo, audit, chaos; as it is."""
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR
    assert "for target in check test demo; do" in text(".ci/run")
    assert "make chaos CALLS=" in text(".ci/run")
    assert "\n.ci/audit " in text(".ci/run")
    assert "set -euo pipefail" in text(".ci/run")


def _exists(path: Path, to: str, anchor: str) -> bool:
    if "://" in to:
        return True
    target = path.parent / to if to else path
    return target.exists() and (not anchor or anchor in anchors(target))


def _all_keys(keys: Keys) -> Iterator[Any]:
    """Yield one key from each of the ways to make one."""
    for name, member in inspect.getmembers(Keys):
        if isinstance(member, property):
            yield getattr(keys, name)
        elif inspect.isfunction(member) and not name.startswith("_") and name != "of":
            wanted = list(inspect.signature(member).parameters)[1:]
            yield member(keys, *(PARAMETERS.get(one, "x") for one in wanted))


def _family(key: str) -> str:
    return ":".join(key.split(":")[:2])
