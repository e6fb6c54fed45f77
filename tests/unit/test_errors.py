"""Tests that the tree in ``bridge.errors`` shows every error class of the bridge."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import bridge
import config
from bridge import errors
from bridge.errors import BridgeError
from tests.support.project_files import ROOT

OUTSIDE = {"SettingsError", "ApiProblem", "GatewayError"}
BRANCH = re.compile(r"^ {4}((?:[│ ] {3})*)(?:[├└]── )?(\w+)", re.MULTILINE)


def test_the_tree_shows_every_error() -> None:
    """Each class stands below its base class."""
    _import_all()
    assert _tree() == {(cls.__name__, cls.__bases__[0].__name__) for cls in _below(BridgeError)}


def test_few_errors_are_outside_the_tree() -> None:
    """The text under the tree names each error class outside of it."""
    _import_all()
    outside = {
        cls.__name__
        for cls in _below(Exception)
        if cls.__module__.startswith(("bridge.", "config.")) and not issubclass(cls, BridgeError)
    }
    assert outside == OUTSIDE
    assert all(f"``{name}``" in str(errors.__doc__) for name in outside)


def test_the_tasks_define_no_error() -> None:
    """No module of ``tasks`` defines an error; imports need settings, so the text is searched."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tasks").glob("*.py")]
    assert sources
    assert not re.search(r"^class \w+\(.*(Error|Exception)\b", "".join(sources), re.MULTILINE)


def _import_all() -> None:
    for package in (bridge, config):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


def _below(cls: type[BaseException]) -> Iterator[type[BaseException]]:
    for below in cls.__subclasses__():
        yield below
        yield from _below(below)


def _tree() -> set[tuple[str, str]]:
    """Return each class of the tree with its base class."""
    above: list[str] = []
    pairs = set()
    for match in BRANCH.finditer(str(errors.__doc__)):
        is_root = "──" not in match.group()
        depth = 0 if is_root else len(match[1]) // 4 + 1
        above = [*above[:depth], match[2]]
        if depth:
            pairs.add((match[2], above[depth - 1]))
    return pairs
