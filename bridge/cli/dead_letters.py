"""``bridge dead-letters``: lists, shows and retries events whose processing failed three times."""

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bridge.cli.api import Api, error_exit, open_api
from bridge.cli.options import DEFAULT_URL, Json, OperatorToken, Token, Url
from bridge.cli.text import hanging, utc

ACCEPTED, NOT_FOUND = 202, 404
MOST = 100
"""The most dead letters that the API lists."""

dead_letters = typer.Typer(
    help="Show or retry dead letters, which are events whose processing failed three times.",
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="An id that the list shows.")]


@dead_letters.command("list")
def list_dead_letters(
    *,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most this many.")] = 20,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """List dead letters, the newest first.

    The exit code is 0 if there is none, 1 if there are dead letters, 2 if the bridge returns an
    error or no response.
    """
    with open_api(url, token) as api:
        letters = _newest(api, limit)
    for letter in letters:
        if as_json:
            typer.echo(json.dumps(letter))
        else:
            line = f"{letter['id']}  {utc(letter['at'])}  {letter['source']}: {letter['error']}"
            typer.echo("\n".join(hanging(line, indent=4)))
    if not (letters or as_json):
        typer.echo("There are no dead letters.")
    raise typer.Exit(1 if letters else 0)


@dead_letters.command("show")
def show(
    dead_letter_id: Id, *, as_json: Json = False, url: Url = DEFAULT_URL, token: Token = None
) -> None:
    """Show one of the newest 100 dead letters, with the body of its event.

    The body may hold personal data. The exit code is 0 if the dead letter is shown, 1 if there is
    no such dead letter, 2 if the bridge returns an error or no response.
    """
    with open_api(url, token) as api:
        found = [letter for letter in _newest(api, MOST) if letter["id"] == dead_letter_id]
    if not found:
        typer.echo(f"None of the newest {MOST} dead letters has the id {dead_letter_id}.", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(found[0], indent=2))
    else:
        _print_letter(found[0])


@dead_letters.command("retry")
def retry(
    dead_letter_id: Id,
    *,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    token: OperatorToken = None,
) -> None:
    """Process the event of a dead letter again. Fix the cause of the error first.

    The exit code is 0 if the event is retried, 1 if there is no such dead letter, 2 if the bridge
    returns an error or no response.
    """
    with open_api(url, token, changes=True) as api:
        status, body = api.post(f"/api/events/set-aside/{quote(dead_letter_id, safe='')}/retry")
    if status not in {ACCEPTED, NOT_FOUND}:
        raise error_exit(status, body)
    is_retried = status == ACCEPTED
    if as_json:
        typer.echo(json.dumps({"id": dead_letter_id, "retried": is_retried}))
    elif is_retried:
        typer.echo(f"{dead_letter_id}: in the inbox again")
    else:
        typer.echo(f"{dead_letter_id}: {body['detail']}", err=True)
    raise typer.Exit(0 if is_retried else 1)


def _newest(api: Api, limit: int) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = api.expect(f"/api/events/set-aside?limit={limit}")
    return letters


def _print_letter(letter: Mapping[str, Any]) -> None:
    for name in ("id", "entry", "source"):
        typer.echo(f"{name:<7} {letter[name]}")
    typer.echo(f"{'at':<7} {utc(letter['at'])}")
    typer.echo("\n".join(hanging(f"{'error':<7} {letter['error']}", indent=8)))
    typer.echo(f"\n{letter['raw']}\n\nTo process it again:")
    typer.echo(f"  bridge dead-letters retry {letter['id']}")
