"""The ``bridge`` command with all subcommands.

Each subcommand imports what it needs when it runs, so that ``bridge --help`` stays fast.
"""

import typer

from bridge.cli import demo, hold, replay, sandbox, send, settings, up, why

main = typer.Typer(
    help="Submits recorded calls of a WAVV dialer to AskElephant, and stores the insights.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
main.command("up")(up.up)
main.command("demo")(demo.demo)
main.command("sandbox")(sandbox.sandbox)
main.add_typer(hold.hold, name="hold")
main.command("replay")(replay.replay)
main.command("send")(send.send)
main.command("settings")(settings.settings)
main.command("why")(why.why)
