"""Writes the tables and the picture of the documents that are generated: run ``make docs``.

A table is between ``<!-- marker -->`` and ``<!-- /marker -->``. A test compares each with the
code.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.domain.call import Kind, State
from bridge.domain.events import EventRefused, Noted
from bridge.domain.hearing import HEARD
from bridge.domain.machine import TABLE
from bridge.domain.timeline import EntryKind
from bridge.reasons import Reason, Row, Table
from bridge.web.metrics import FAMILIES
from bridge.web.readiness import CHECKS
from config.table import settings_table
from docs.commands import command_help
from docs.imports import imports_picture

DOCS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Generated:
    """A table of a document, as the code has it."""

    document: str
    marker: str
    table: str

    @property
    def path(self) -> Path:
        """The file of the document."""
        return DOCS / self.document

    def written_to(self, text: str) -> str:
        """Return the text of a document with this table between its markers."""
        between = re.compile(
            rf"(<!-- {self.marker}\b[^>]*-->\n).*?(<!-- /{self.marker} -->)", flags=re.DOTALL
        )
        found = between.search(text)
        if found is None:
            raise ValueError(f"{self.document} has no markers <!-- {self.marker} -->")
        return text[: found.start()] + f"{found[1]}{self.table}\n{found[2]}" + text[found.end() :]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)


def generated() -> list[Generated]:
    """Return all tables."""
    return [
        Generated("settings.md", "settings", settings_table()),
        Generated("calls.md", "states", _states()),
        Generated("commands.md", "commands", command_help()),
        Generated("architecture.md", "imports", imports_picture()),
        Generated("architecture.md", "layers", _layers()),
        Generated("architecture.md", "machine", _transitions()),
        Generated("operations.md", "metrics", _metrics()),
        Generated("operations.md", "readiness", _checks()),
        Generated("operations.md", "timeline", _timeline()),
        *_reason_tables(),
    ]


def _layers() -> str:
    """Return the layers that import-linter checks, the outermost first."""
    pyproject = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    outer, inner = pyproject["tool"]["importlinter"]["contracts"][:2]
    layers = [[f"bridge.{package}" for package in layer.split(" | ")] for layer in inner["layers"]]
    place = outer["layers"].index("bridge")
    above, below = outer["layers"][:place], outer["layers"][place + 1 :]
    numbered = enumerate([*([one] for one in above), *layers, *([one] for one in below)], 1)
    return "\n".join(
        f"{number}. {' | '.join(f'`{package}`' for package in layer)}" for number, layer in numbered
    )


def _states() -> str:
    rows = [[f"`{state}`", state.meaning, state.waits_for] for state in State]
    return markdown(["state", "the call", "waits for"], rows)


def _transitions() -> str:
    """Return WAVV's events, then all others but those that change no state."""
    heard = [(state, str(kind), target) for (state, kind), target in HEARD.items()]
    others = [
        (state, event.__name__, target)
        for (state, event), target in TABLE.items()
        if event not in {EventRefused, Noted}
    ]
    rows = [
        [f"`{state}`", f"`{event}`", "stays" if state is target else f"`{target}`"]
        for state, event, target in heard + others
    ]
    return markdown(["state", "event", "new state"], rows)


def _metrics() -> str:
    rows = [
        [f"`{one.name}{{{one.label}}}`" if one.label else f"`{one.name}`", one.help]
        for one in FAMILIES
    ]
    return markdown(["metric", "help"], rows)


def _checks() -> str:
    rows = [
        [f"`{name}`", "yes" if check.required else "no", check.meaning]
        for name, check in CHECKS.items()
    ]
    return markdown(["check", "required", "when it is not ok"], rows)


def _timeline() -> str:
    wavv = ", ".join(f"`{kind}`" for kind in Kind)
    meaning = (
        "WAVV's event; `entry` is its id in the inbox, and `notes` lists the problems of its fields"
    )
    rows = [[wavv, meaning], *([f"`{kind}`", kind.meaning] for kind in EntryKind)]
    return markdown(["entry", "what happened"], rows)


def _reason_tables() -> list[Generated]:
    found: dict[Table, list[tuple[Reason, Row]]] = {table: [] for table in Table}
    for reason in Reason:
        for row in reason.rows:
            found[row.table].append((reason, row))
    calls = [[f"`{reason}`", row.where, row.meaning] for reason, row in found[Table.CALLS]]
    outcomes = [[f"`{row.where}`", row.meaning] for _, row in found[Table.OUTCOMES]]
    tasks = [[f"`{row.where}`", f"`{slug}`", row.meaning] for slug, row in found[Table.TASKS]]
    events, links, api = (
        [
            [row.where, f"`{reason}`", row.meaning]
            for reason, row in sorted(found[table], key=lambda pair: pair[1].where)
        ]
        for table in (Table.EVENTS, Table.LINKS, Table.API)
    )
    heads_and_rows = {
        Table.CALLS: (["reason", "of calls that are", "what it means, and what to do"], calls),
        Table.EVENTS: (["status", "reason", "what is wrong"], events),
        Table.OUTCOMES: (["slug", "the event"], outcomes),
        Table.LINKS: (["status", "reason", "what it means"], links),
        Table.API: (["status", "reason", "what is wrong"], api),
        Table.TASKS: (["error", "reason", "what happened"], tasks),
    }
    return [
        Generated(
            "reasons.md" if table is Table.CALLS else "operations.md",
            table,
            markdown(*heads_and_rows[table]),
        )
        for table in Table
    ]


def main() -> None:
    """Write all tables."""
    for one in generated():
        one.path.write_text(one.written_to(one.path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
