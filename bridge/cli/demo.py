"""``bridge demo``: sends 25 calls through the whole bridge to a simulated AskElephant."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    log: Annotated[Path, typer.Option(help="File for the log lines of all processes.")] = Path(
        ".bridge/demo.log"
    ),
) -> None:
    """Send 25 calls of every kind through the whole bridge, to a sandbox of AskElephant.

    All processes are started for the demo, and stopped at its end. Your own settings and data are
    not used. The exit code is 0 if each call ended in the expected state, 1 if not, and
    2 if the log cannot be written.
    """
    from bridge.errors import StartError
    from bridge.simulator.demo.run import run

    try:
        raise typer.Exit(run(log))
    except StartError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
