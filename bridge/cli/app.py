"""The ``bridge`` command with all subcommands.

Each subcommand imports what it needs when it runs, so that ``bridge --help`` stays fast.
"""

from typing import Annotated

import typer

from bridge import __version__
from bridge.cli import demo, hold, replay, sandbox, send, settings, token, up, why

main = typer.Typer(
    help="Submits recorded calls of a WAVV dialer to AskElephant, and stores the insights.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bridge {__version__}")
        raise typer.Exit


@main.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Accept the options that stand before a subcommand."""


main.command("up")(up.up)
main.command("demo")(demo.demo)
main.command("sandbox")(sandbox.sandbox)
main.add_typer(hold.hold, name="hold")
main.command("replay")(replay.replay)
main.command("send")(send.send)
main.command("settings")(settings.settings)
main.add_typer(token.token, name="token")
main.command("why")(why.why)
