"""``bridge up``: runs all processes of the bridge on one machine."""

from pathlib import Path
from typing import Annotated

import typer


def up(
    port: Annotated[
        int, typer.Option(envvar="PORT", min=1, max=65535, help="Port of the web process.")
    ] = 8000,
    flower: Annotated[bool, typer.Option("--flower", help="Also start Flower.")] = False,
    flower_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Flower.")] = 5555,
    data: Annotated[
        Path, typer.Option(help="Directory for the data of the embedded Valkey.")
    ] = Path(".bridge"),
) -> None:
    """Run the web, worker and beat processes, and a Valkey server unless BRIDGE_REDIS_URL is set.

    Ctrl-C stops all processes in order. The next start continues with the same data.
    """
    import asyncio
    import sys

    from bridge.errors import StartError
    from bridge.store.cluster import refuse_cluster
    from bridge.supervise.output import standard_output
    from bridge.supervise.stack import Ports, stack
    from bridge.supervise.supervisor import Supervisor
    from bridge.wavv.alias_settings import require_known_fields
    from config import SettingsError, load_settings

    async def run_all() -> int:
        supervisor = Supervisor(processes, output)
        supervisor.stop_on_signals()
        return await supervisor.run()

    try:
        settings = load_settings()
        require_known_fields(settings)
        if settings.redis_url is not None:
            refuse_cluster(settings.redis_url)
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        on_terminal = settings.log_format == "auto" and is_terminal
        env = {"BRIDGE_LOG_FORMAT": "console"} if on_terminal else {}
        ports = Ports(port, flower_port if flower else None)
        with standard_output() as output, stack(settings, ports, data, env) as processes:
            output("up", f"http://127.0.0.1:{port}/readyz returns 200 when all is ready")
            code = asyncio.run(run_all())
    except (SettingsError, StartError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(code)
