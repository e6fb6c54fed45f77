"""The files that hosts, editors and package indexes read agree with the project."""

import re
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from tests.support.project_files import ROOT, pyproject, text

PACKAGES = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
FIELDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def test_the_wheel_says_that_its_packages_have_types() -> None:
    """Without `py.typed` a type checker ignores all annotations (PEP 561)."""
    packed = {one.distribution_path for one in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed


def test_pre_commit_runs_the_tools_of_make_check() -> None:
    """A commit that passes the hooks passes `make check`."""
    recipe = text("Makefile").partition("\ncheck:")[2].partition("\n\n")[0]
    repos = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert [one["repo"] for one in repos] == ["local"]
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in repos[0]["hooks"]]
    assert [_tool(hook) for hook in hooks] == [
        _tool(line)
        for line in re.findall(r"^\t\$\(BIN\)/(?!python -m pip)(.*)", recipe, re.MULTILINE)
    ]


def test_the_workflow_runs_what_a_change_must_pass() -> None:
    """`.ci/run` and nothing else, so that the same can be run by hand."""
    jobs = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]
    assert [step["run"] for step in jobs["ci"]["steps"] if "run" in step] == [".ci/run"]


def test_the_workflow_pins_its_actions() -> None:
    """A tag can be moved to other code; a commit cannot."""
    used = re.findall(r"uses: (\S+)", text(".github/workflows/ci.yml"))
    assert used
    assert all(re.search(r"@[0-9a-f]{40}$", one) for one in used)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_have_what_github_requires(path: Path) -> None:
    """GitHub shows no form that lacks a name, a description or a body with known fields."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    assert {field["type"] for field in form["body"]} <= FIELDS
    fields = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    assert len(fields) == len(set(fields)) > 0


def _tool(command: str) -> str:
    """Return a command without its options and paths."""
    return " ".join(word for word in command.split() if re.fullmatch(r"[a-z][a-z-]*", word))
