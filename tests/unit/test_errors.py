"""The drawing in ``bridge.errors`` shows every error class of the bridge."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import bridge
import config
from bridge import errors
from bridge.errors import BridgeError
from tests.support.project_files import ROOT

APART = {"SettingsError", "ApiProblem", "GatewayError"}
BRANCH = re.compile(r"^ {4}((?:[│ ] {3})*)(?:[├└]── )?(\w+)", re.MULTILINE)


def test_the_drawing_shows_every_error() -> None:
    """Each class below the class that it derives from."""
    _import_all()
    assert _drawn() == {(cls.__name__, cls.__bases__[0].__name__) for cls in _below(BridgeError)}


def test_few_errors_stand_apart() -> None:
    """The text under the drawing names them."""
    _import_all()
    apart = {
        cls.__name__
        for cls in _below(Exception)
        if cls.__module__.startswith(("bridge.", "config.")) and not issubclass(cls, BridgeError)
    }
    assert apart == APART
    assert all(f"``{name}``" in str(errors.__doc__) for name in apart)


def test_the_tasks_define_no_error() -> None:
    """They cannot be imported without settings, so their source is searched."""
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


def _drawn() -> set[tuple[str, str]]:
    """Return each class of the drawing with the class above it."""
    above: list[str] = []
    pairs = set()
    for match in BRANCH.finditer(str(errors.__doc__)):
        is_root = "──" not in match.group()
        depth = 0 if is_root else len(match[1]) // 4 + 1
        above = [*above[:depth], match[2]]
        if depth:
            pairs.add((match[2], above[depth - 1]))
    return pairs
