"""Draws the imports between the packages of the code, for the architecture page."""

from collections.abc import Mapping

import grimp

Imports = Mapping[str, set[str]]


def imports_picture() -> str:
    """Return a Mermaid picture of all imports, except those that a longer path implies."""
    imports = _imports()
    arrows = [
        f"    {importer} --> {target}"
        for importer in sorted(imports)
        for target in sorted(imports[importer])
        if not any(target in _reachable(imports, other) for other in imports[importer] - {target})
    ]
    return "\n".join(["```mermaid", "flowchart TB", *arrows, "```"])


def _imports() -> dict[str, set[str]]:
    """Return the packages that each package imports; ``bridge`` itself only has the version."""
    graph = grimp.build_graph("bridge", "config", "tasks", cache_dir=None)
    imports: dict[str, set[str]] = {}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            importer, target = _package(module), _package(imported)
            if target not in {importer, "bridge"}:
                imports.setdefault(importer, set()).add(target)
    return imports


def _package(module: str) -> str:
    """Return the package of a module: ``store`` for ``bridge.store.keys``."""
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
