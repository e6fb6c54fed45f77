"""``bridge why``: shows the state of one call, the cause, and the next step."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bridge.cli.api import Api, error_exit, open_api
from bridge.cli.options import DEFAULT_URL, Json, Token, Url
from bridge.cli.text import hanging, utc, wrapped

OK, NOT_FOUND = 200, 404
NONE_FOUND, NEEDS_PERSON = 1, 3
LISTED = 20
GAP_SECONDS = 60
"""A longer time between two entries of the timeline is shown as a separate line."""

HIDDEN = frozenset({"at", "what", "entry"})
"""Keys of a timeline entry that are not printed among its details."""


def why(
    call: Annotated[
        str,
        typer.Argument(
            help="A call id, an engagement id, a link, a phone number or its last digits, a name, "
            "or an e-mail address.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Show the state of a call, the cause, and the next step.

    If several calls match, they are listed. The exit code is 0 if a call is found, 1 if no call is
    found, 2 if the bridge does not respond, 3 if a person must act for the call.
    """
    with open_api(url, token) as api:
        found = _find(api, call.strip())
    if not found:
        typer.echo(
            f"No call matches {call!r}. If WAVV made it, the bridge has stored none of its events: "
            "look for event.refused in the log of the web process.",
            err=True,
        )
        raise typer.Exit(NONE_FOUND)
    if len(found) > 1:
        _print_list(found, as_json=as_json)
        return
    shown = found[0]
    typer.echo(json.dumps(shown, indent=2) if as_json else "\n".join(_screen(shown)))
    if shown["explanation"]["waits_for"] == "operator":
        raise typer.Exit(NEEDS_PERSON)


def _find(api: Api, wanted: str) -> list[dict[str, Any]]:
    """Return the call with this id, else the matches of a search: one full call, or summaries."""
    status, body = api.get(f"/api/calls/{quote(wanted, safe='')}")
    if status == OK:
        return [body]
    if status != NOT_FOUND:
        raise error_exit(status, body)
    cursor, found = "", list[dict[str, Any]]()
    while len(found) < LISTED:
        query = f"q={quote(wanted, safe='')}&limit={LISTED}&cursor={quote(cursor, safe='')}"
        status, body = api.get(f"/api/calls?{query}")
        if status != OK:
            raise error_exit(status, body)
        found += body["data"]
        cursor = body["next_cursor"] or ""
        if not cursor:
            break
    if len(found) != 1:
        return found
    status, body = api.get(f"/api/calls/{quote(found[0]['call_id'], safe='')}")
    if status != OK:
        raise error_exit(status, body)
    return [body]


def _print_list(found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    for call in found:
        if as_json:
            typer.echo(json.dumps(call))
            continue
        typer.echo(f"{call['call_id']}  {call['state']}  {utc(call['created_at'])}")
        typer.echo(textwrap.indent("\n".join(wrapped(call["explanation"]["cause"])), "    "))
    if not as_json:
        typer.echo(f"{len(found)} calls match; for one of them: bridge why CALL_ID")


def _screen(call: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that show a call: its explanation, links, timeline and next step."""
    explained = call["explanation"]
    yield from wrapped(explained["sentence"])
    yield ""
    yield f"call        {call['call_id']}"
    reason = f" ({call['reason']})" if call["reason"] else ""
    yield f"state       {call['state']}{reason}"
    for label, value in (
        ("lead", call["metadata"]["lead_name"] or call["metadata"]["lead_phone"]),
        ("engagement", call["engagement_id"]),
        ("AskElephant", call["askelephant_url"]),
        ("dialer", call["external_url"]),
    ):
        if value:
            yield f"{label:<11} {value}"
    if problem := call["problem"]:
        parts = [problem["reason"]]
        parts += [f"HTTP {problem['status']}"] if problem["status"] else []
        parts += [problem["detail"]] if problem["detail"] else []
        parts += ["; ".join(map(str, error.values())) for error in problem["errors"]]
        parts += [f"request id {problem['request_id']}"] if problem["request_id"] else []
        yield from hanging(f"{'problem':<11} {', '.join(parts)}", indent=12)
    yield ""
    yield from _timeline(call)
    if explained["waits_for"] == "operator":
        yield ""
        yield "To replay it:"
        yield f"  bridge replay {call['call_id']}"


def _timeline(call: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a call's timeline, with long gaps. The last line is the present state."""
    before: datetime | None = None
    for entry in call["timeline"]:
        at = datetime.fromisoformat(entry["at"])
        if before and (at - before).total_seconds() >= GAP_SECONDS:
            yield f"{'':<20} ... {_length((at - before).total_seconds())}"
        details = ", ".join(
            f"{key} {value}" for key, value in entry.items() if key not in HIDDEN and value
        )
        yield from hanging(
            f"{utc(entry['at'])}  {entry['what']}{f': {details}' if details else ''}"
        )
        before = at
    waits_for, next_at = call["explanation"]["waits_for"], call["explanation"]["next_at"]
    present = "at rest" if waits_for == "nothing" else f"waits for {waits_for}"
    present = "waits for a person" if waits_for == "operator" else present
    upcoming = f", next step at {utc(next_at)}" if next_at else ""
    yield from hanging(f"{utc(datetime.now(UTC).isoformat())}  now: {present}{upcoming}")


def _length(seconds: float) -> str:
    """Format a duration in its two largest units, such as hours and minutes."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
