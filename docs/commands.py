"""Collects the help of every ``bridge`` command, for the page of commands."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.testing import CliRunner

from bridge.cli import main


def command_help() -> str:
    """Return a heading and the help of each command, as it is printed at 80 columns."""
    parts = []
    for words in _names(getattr(typer.main.get_command(main), "commands", {})):
        printed = CliRunner().invoke(
            main, [*words, "--help"], prog_name="bridge", env={"COLUMNS": "80"}
        )
        parts.append(f"## bridge {' '.join(words)}\n\n```text\n{printed.output.strip()}\n```")
    return "\n" + "\n\n".join(parts) + "\n"


def _names(commands: Mapping[str, Any], *outer: str) -> Iterator[tuple[str, ...]]:
    """Yield the names of all commands; a group is followed by the commands in it."""
    for name, command in commands.items():
        inner = getattr(command, "commands", {})
        if not inner:
            yield (*outer, name)
        yield from _names(inner, *outer, name)
