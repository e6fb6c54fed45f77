"""``bridge token``: creates tokens for the API."""

import json
from typing import Annotated, Literal

import typer

token = typer.Typer(help="Make tokens for the API.", no_args_is_help=True)


@token.callback()
def _group() -> None:
    """Make ``new`` a subcommand. Without this callback, ``bridge token`` itself would be ``new``.

    https://typer.tiangolo.com/tutorial/commands/one-or-multiple/
    """


@token.command("new")
def new(
    name: Annotated[
        str, typer.Argument(help="Name on timelines and in the audit, such as reporting.")
    ],
    scope: Annotated[Literal["read", "operate"], typer.Argument(help="What the token may do.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print a new token for the API, and the line for .env. Nothing is stored.

    A token with the scope read may send GET requests, one with operate may send all requests.
    """
    from config.tokens import new_token

    try:
        made = new_token(name, scope)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error
    secret, line = made.secret.get_secret_value(), f"BRIDGE_API_TOKENS={made.entry}"
    if as_json:
        fields = {"name": name, "scope": scope, "secret": secret, "entry": made.entry, "env": line}
        typer.echo(json.dumps(fields))
        return
    typer.echo(f"Entry of BRIDGE_API_TOKENS: {made.entry}")
    typer.echo(f"Line for .env:              {line}")
    typer.echo("If .env has this line already, add the entry to it after a comma.")
    typer.echo(f"Requests send the secret:   Authorization: Bearer {secret}")
    typer.echo("Restart the web process to accept the token.")
