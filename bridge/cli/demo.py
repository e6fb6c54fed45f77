"""``bridge demo``: see it work."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    log: Annotated[Path, typer.Option(help="Where the processes' log lines go.")] = Path(
        ".bridge/demo.log"
    ),
) -> None:
    """Send 25 calls of every kind through the whole bridge, to a sandbox of AskElephant.

    Everything is embedded and ends by itself; the exit code is 0 if each call ended where it
    should. Your own settings and data are not touched.
    """
    from bridge.simulator.demo.run import run

    raise typer.Exit(run(log))
