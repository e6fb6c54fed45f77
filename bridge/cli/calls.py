"""``bridge calls``: lists calls, shows one call, and follows the state changes of calls."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from bridge.cli.api import Api, open_api
from bridge.cli.options import DEFAULT_URL, Json, Token, Url
from bridge.cli.tail import tail
from bridge.cli.text import hanging, shortened, terminal_width
from bridge.cli.why import why

PAGE = 200
SHORTEST_LEAD = 8
"""The fewest characters to which a lead's name is cut."""

calls = typer.Typer(help="List calls, show one, or follow their changes.", no_args_is_help=True)


@calls.command("list", short_help="List calls, the newest first.")
def list_calls(
    *,
    state: Annotated[str, typer.Option(help="Only calls in this state, such as failed.")] = "",
    q: Annotated[
        str,
        typer.Option(
            "--q", help="Any part of an id, name, e-mail or link, or digits of a phone number."
        ),
    ] = "",
    reason: Annotated[str, typer.Option(help="Only calls with this reason.")] = "",
    since: Annotated[
        str,
        typer.Option(
            help="Only calls whose first event came at this time or later: 2026-05-13T14:00."
        ),
    ] = "",
    until: Annotated[str, typer.Option(help="Only calls whose first event came earlier.")] = "",
    extra_recordings: Annotated[
        bool, typer.Option("--extra-recordings", help="Only calls with another recording.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most this many calls.")] = 50,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """List calls, the newest first, each with its state and the cause of the state.

    The filters are those of GET /api/calls. The exit code is 0 if calls are listed, 1 if no call
    matches, 2 if the bridge returns an error or no response.
    """
    given = {"state": state, "q": q, "reason": reason, "since": since, "until": until}
    given["extra_recordings"] = "true" if extra_recordings else ""
    query = {name: value for name, value in given.items() if value}
    with open_api(url, token) as api:
        found = list(_found(api, query, limit))
    if not found:
        typer.echo("No call matches.", err=True)
        raise typer.Exit(1)
    if as_json:
        for call in found:
            typer.echo(json.dumps(call))
    else:
        _print_table(found)


def _found(api: Api, query: Mapping[str, str], limit: int) -> Iterator[dict[str, Any]]:
    """Yield up to ``limit`` calls that match, page by page."""
    cursor: str | None = ""
    left = limit
    while left and cursor is not None:
        page = {**query, "limit": str(min(left, PAGE)), "cursor": cursor}
        body = api.expect(f"/api/calls?{urlencode(page)}")
        yield from body["data"]
        left -= len(body["data"])
        cursor = body["next_cursor"]


def _print_table(found: Sequence[Mapping[str, Any]]) -> None:
    """Print two lines for each call: a row with its state, and the cause of the state."""
    ids = max(len(call["call_id"]) for call in found)
    typer.echo(_row("CALL", "STATE", "WAITS FOR", "LEAD", ids))
    for call in found:
        metadata, explained = call["metadata"], call["explanation"]
        lead = metadata["lead_name"] or metadata["lead_phone"] or ""
        typer.echo(_row(call["call_id"], call["state"], explained["waits_for"], lead, ids))
        typer.echo(f"    {shortened(explained['cause'], terminal_width() - 4)}")


def _row(call_id: str, state: str, waits_for: str, lead: str, ids: int) -> str:
    """Format a call as a row of columns. A long row is wrapped. Only the lead's name is cut."""
    columns = f"{call_id:<{ids}}  {state:<11}  {waits_for:<10}  "
    room = terminal_width() - len(columns)
    if room >= min(SHORTEST_LEAD, len(lead)):
        return f"{columns}{shortened(lead, room)}".rstrip()
    return "\n".join(hanging(f"{call_id}  {state}  {waits_for}  {lead}".rstrip(), indent=2))


calls.command("show", short_help="Show one call, as bridge why does.")(why)
calls.command("tail")(tail)
