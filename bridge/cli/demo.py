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
    not used. The exit code is 0 if each call ended in the expected state, else 1.
    """
    from bridge.simulator.demo.run import run

    raise typer.Exit(run(log))
