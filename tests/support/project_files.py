"""The project's own files, as the tests that hold them against each other read them."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCUMENTS = tuple(
    path
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "bench/*.md", "tests/support/*.md")
    for path in sorted(ROOT.glob(pattern))
)

_DEFAULT = re.compile(r"\$\{(\w+)(?::-([^}]*))?(?::\?[^}]*)?\}")


def text(name: str) -> str:
    """Return a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def between(name: str, marker: str) -> str:
    """Return what stands between ``<!-- marker … -->`` and ``<!-- /marker -->``."""
    match = re.search(
        rf"<!-- {marker}\b[^>]*-->\n(.*?)<!-- /{marker} -->", text(name), flags=re.DOTALL
    )
    assert match is not None, f"{name} has lost its marker {marker}"
    return match[1].strip()


def section(name: str, head: str) -> str:
    """Return a section of a document, from the heading that begins so to the next of its level."""
    return text(name).partition(f"\n{head}")[2].partition("\n## ")[0]


def last_table(written: str) -> str:
    """Return the last table in a text."""
    return str(re.findall(r"(?:^\|.*\n?)+", written, flags=re.MULTILINE)[-1])


def rows(table: str) -> list[list[str]]:
    """Return the cells of a Markdown table, without its head and without code marks."""
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def commands(name: str) -> list[str]:
    """Return every line of the shell blocks of a document."""
    blocks = re.findall(r"^ *```bash\n(.*?)^ *```", text(name), flags=re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines()]


def pyproject() -> dict[str, Any]:
    """Return the project's configuration."""
    return tomllib.loads(text("pyproject.toml"))


def compose() -> dict[str, Any]:
    """Return the Compose file, its anchors resolved and its variables as they are written."""
    loaded: dict[str, Any] = yaml.safe_load(text("docker-compose.yml"))
    return loaded


def procfile() -> Mapping[str, str]:
    """Return the commands of the Procfile by the names of their processes."""
    pairs = (line.partition(":") for line in text("Procfile").splitlines() if line)
    return {name: command.strip() for name, _, command in pairs}


def dotenv_names(name: str) -> set[str]:
    """Return every variable in an example of ``.env``, those commented out included."""
    return set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", text(name), flags=re.MULTILINE))


def expanded(command: str) -> str:
    """Return a shell command with every variable at its default."""
    return _DEFAULT.sub(lambda match: match[2] or "", command)


def variables(command: str) -> set[str]:
    """Return the variables that a text expands."""
    return {match[1] for match in _DEFAULT.finditer(command)}
