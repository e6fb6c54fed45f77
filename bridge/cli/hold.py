"""``bridge hold``: shows why requests to AskElephant are held (paused), and ends holds by hand."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from bridge.cli.api import error_exit, open_api
from bridge.cli.options import DEFAULT_URL, Json, OperatorToken, Token, Url

OK = 200

hold = typer.Typer(
    help="Show or release the holds: requests to AskElephant that are paused for all workers.",
    no_args_is_help=True,
)


@hold.command("show")
def show(*, as_json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Show why requests to AskElephant are held, and until when.

    The exit code is 0 if no request is held, 1 if requests are held, 2 if the bridge returns an
    error or no response.
    """
    with open_api(url, token) as api:
        status, body = api.get("/api/hold")
        if status != OK:
            raise error_exit(status, body)
    if as_json:
        typer.echo(json.dumps(body, indent=2))
    elif body["holds"]:
        for found in body["holds"]:
            typer.echo(_described(found))
        minutes = body["hold_max_seconds"] / 60
        typer.echo(f"No hold goes longer than {minutes:g} minutes without a request.")
        typer.echo("To end a hold now: bridge hold release")
    else:
        typer.echo("No requests are held.")
    raise typer.Exit(1 if body["holds"] else 0)


@hold.command("release")
def release(
    scope: Annotated[
        Literal["all", "submit", "insights"] | None,
        typer.Option(
            help="End only the hold of all requests, or of one step. Default: every hold."
        ),
    ] = None,
    *,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    token: OperatorToken = None,
) -> None:
    """End the holds of requests, so that held calls are processed at once.

    New failures may start a new hold.

    The exit code is 0 if a hold was ended, 1 if there was none, 2 if the bridge returns an error or
    no response.
    """
    path = f"/api/hold/release?scope={scope}" if scope else "/api/hold/release"
    with open_api(url, token, changes=True) as api:
        status, body = api.post(path)
        if status != OK:
            raise error_exit(status, body)
    if as_json:
        typer.echo(json.dumps(body, indent=2))
    elif not body["released"]:
        typer.echo(
            f"No requests were held at scope {scope}." if scope else "No requests were held."
        )
    else:
        for found in body["released"]:
            typer.echo(f"Released: {_described(found)}")
    raise typer.Exit(0 if body["released"] else 1)


def _described(found: dict[str, Any]) -> str:
    scope = f"step {found['step']}" if found["step"] else "all requests"
    status = f" (HTTP {found['status']})" if found["status"] else ""
    detail = (found["detail"] or "").removeprefix(found["reason"]).removeprefix(": ")
    described = f": {detail}" if detail else ""
    times = (found["since"], found["until"], found["next_request_at"])
    since, until, next_at = (f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M:%SZ}" for time in times)
    return (
        f"{scope}, {found['reason']}{status}{described}\n"
        f"  since {since}, until {until}\n"
        f"  next request at {next_at}"
    )
