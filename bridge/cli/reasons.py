"""``bridge reasons``: prints what each reason slug means, and what to do about it."""

import json
import re
from typing import Annotated

import typer

from bridge.api.suggestion import did_you_mean
from bridge.cli.options import Json
from bridge.cli.text import hanging, wrapped
from bridge.reasons import Reason

LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def reasons(
    reason: Annotated[
        str, typer.Argument(help="Only this reason.", show_default=False, metavar="[REASON]")
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Print what each reason means, and what to do about it.

    The exit code is 0, or 1 if there is no such reason. No running bridge is needed.
    """
    found = [one for one in Reason if one.rows and reason in {"", one}]
    if not found:
        typer.echo(f"There is no reason `{reason}`.{did_you_mean(reason, Reason)}", err=True)
        raise typer.Exit(1)
    for one in found:
        for row in one.rows:
            if as_json:
                shown = {"reason": one, "of": row.table, "where": row.where, "meaning": row.meaning}
                typer.echo(json.dumps(shown))
                continue
            for line in hanging(f"{one}  ({_plain(row.where)})", indent=4):
                typer.echo(line)
            for line in wrapped(_plain(row.meaning)):
                typer.echo(f"    {line}")


def _plain(markdown: str) -> str:
    return LINK.sub(r"\1", markdown).replace("`", "")
