"""The ``bridge`` command with all subcommands.

Each subcommand imports what it needs when it runs, so that ``bridge --help`` stays fast.
"""

from typing import Annotated

import typer

from bridge import __version__
from bridge.cli import (
    calls,
    dead_letters,
    demo,
    hold,
    reasons,
    replay,
    sandbox,
    send,
    settings,
    stats,
    token,
    up,
    why,
)

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


main.command("up", short_help="Run web, worker and beat on this machine.")(up.up)
main.command("demo", short_help="Send 25 calls through the whole bridge, to a sandbox.")(demo.demo)
main.command("sandbox", short_help="Run a sandbox of AskElephant.")(sandbox.sandbox)
main.command("send", short_help="Send WAVV's events of made-up calls to the bridge.")(send.send)
main.command("why")(why.why)
main.add_typer(calls.calls, name="calls")
main.command("replay")(replay.replay)
main.add_typer(hold.hold, name="hold", short_help="Show or release the holds.")
main.add_typer(
    dead_letters.dead_letters, name="dead-letters", short_help="Show or retry events that failed."
)
main.command("stats")(stats.stats)
main.add_typer(token.token, name="token")
main.command("reasons")(reasons.reasons)
main.command("settings", short_help="Print every setting.")(settings.settings)
