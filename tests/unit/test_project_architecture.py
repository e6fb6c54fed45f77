"""The documents name the packages, imports and files of the code."""

import re
from collections.abc import Mapping
from pathlib import Path

import grimp
import pytest

from tests.support.project_files import DOCUMENTS, ROOT, between

Imports = Mapping[str, set[str]]


def test_the_architecture_draws_the_imports_of_the_packages() -> None:
    """The picture has each import, except one that a longer path of imports implies."""
    graph = grimp.build_graph("bridge", "config", "tasks")
    imports: dict[str, set[str]] = {}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            importer, target = _package(module), _package(imported)
            if target not in {importer, "bridge"}:
                imports.setdefault(importer, set()).add(target)
    expected = {
        (importer, target)
        for importer, targets in imports.items()
        for target in targets
        if not any(target in _reachable(imports, other) for other in targets - {target})
    }
    picture = between("docs/architecture.md", "imports")
    drawn = re.findall(r"^ {4}(\w+) --> (\w+)$", picture, re.MULTILINE)
    assert sorted(drawn) == sorted(expected)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_files_that_exist(path: Path) -> None:
    """A path in code marks, such as `bridge/errors.py`, is a file of the repository."""
    named = re.findall(
        r"`((?:bridge|config|tasks|tests|bench)/[\w/]+\.\w+)`", path.read_text("utf-8")
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def _package(module: str) -> str:
    """Return the package of a module, without ``bridge``: ``store`` for ``bridge.store.keys``."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == "bridge" and rest else first


def _reachable(imports: Imports, package: str) -> set[str]:
    """Return all packages that ``package`` imports, directly or through others."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        for target in imports.get(waiting.pop(), set()) - found:
            found.add(target)
            waiting.append(target)
    return found
