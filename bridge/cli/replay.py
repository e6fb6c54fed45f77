"""``bridge replay``: processes complete, skipped or failed calls again."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

import typer

from bridge.cli.api import Api, error_exit, open_api
from bridge.cli.options import DEFAULT_URL, Json, OperatorToken, Url

ACCEPTED = (200, 202)
NOT_REPLAYED = (404, 409)


def replay(
    call_ids: Annotated[
        list[str] | None, typer.Argument(metavar="CALL_ID...", help="Replay these calls now.")
    ] = None,
    state: Annotated[
        Literal["complete", "skipped", "failed"] | None,
        typer.Option(help="Replay all calls in this state."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Only calls with this reason.")] = "",
    since: Annotated[
        str,
        typer.Option(
            help="Only calls whose first event came at this time or later: 2026-05-13T14:00."
        ),
    ] = "",
    until: Annotated[str, typer.Option(help="Only calls whose first event came earlier.")] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most this many calls, newest first.")
    ] = None,
    pace: Annotated[str, typer.Option(help="Rate of the replay: 60/m, 1/s, 500/h.")] = "60/m",
    yes: Annotated[
        bool, typer.Option("--yes", help="Replay the calls instead of counting them.")
    ] = False,
    as_json: Json = False,
    url: Url = DEFAULT_URL,
    token: OperatorToken = None,
) -> None:
    """Process complete, skipped or failed calls again. AskElephant creates no second engagement.

    With --state, the calls are only counted, unless --yes is given. The exit code is 0 on success,
    1 if no call matches or a call cannot be replayed, 2 if the bridge returns an error or no
    response.
    """
    if bool(call_ids) is bool(state):
        raise typer.BadParameter("give call ids, or choose calls by --state")
    chosen = {"state": state, "reason": reason or None, "pace": pace, "dry_run": not yes}
    chosen |= {"since": since or None, "until": until or None}
    with open_api(url, token, changes=True) as api:
        if call_ids:
            code = _replay_each(api, call_ids, as_json=as_json)
        elif yes:
            code = _replay(_pages(api, chosen, limit), as_json=as_json)
        else:
            code = _count(_pages(api, chosen, limit), pace, as_json=as_json)
    raise typer.Exit(code)


def _replay_each(api: Api, call_ids: Iterable[str], *, as_json: bool) -> int:
    """Replay single calls now, and print a line for each. Return the exit code."""
    code = 0
    for call_id in call_ids:
        status, body = api.post(f"/api/calls/{quote(call_id, safe='')}/replay")
        if status not in {*ACCEPTED, *NOT_REPLAYED}:
            raise error_exit(status, body)
        is_replayed = status not in NOT_REPLAYED
        detail = None if is_replayed else body["detail"]
        if as_json:
            line = {"call_id": call_id, "replayed": is_replayed, "detail": detail}
            typer.echo(json.dumps(line))
        else:
            typer.echo(f"{call_id}: {detail or 'replayed'}")
        code = code if is_replayed else 1
    return code


def _pages(api: Api, query: dict[str, Any], limit: int | None) -> Iterator[dict[str, Any]]:
    """Request page after page until all matching calls, or ``limit``, are done. Yield responses."""
    cursor, left = None, limit
    while left != 0:
        most = {} if left is None else {"limit": left}
        status, body = api.post("/api/replay", query | most | {"cursor": cursor})
        if status not in ACCEPTED:
            raise error_exit(status, body)
        yield body
        left = None if left is None else left - body["matched"]
        cursor = body["next_cursor"]
        if cursor is None:
            return


def _count(pages: Iterator[dict[str, Any]], pace: str, *, as_json: bool) -> int:
    """Print how many calls match, by reason. Return the exit code."""
    reasons: Counter[str] = Counter()
    for page in pages:
        reasons.update(page["reasons"])
    if as_json:
        counted = {"dry_run": True, "matched": reasons.total(), "reasons": dict(reasons)}
        typer.echo(json.dumps(counted, indent=2))
        return 0 if reasons else 1
    for reason, count in reasons.most_common():
        typer.echo(f"{count:>8}  {reason}")
    typer.echo(f"{reasons.total():>8}  match")
    if not reasons:
        return 1
    typer.echo(f"No call was replayed. Add --yes to replay them at {pace}.")
    return 0


def _replay(pages: Iterator[dict[str, Any]], *, as_json: bool) -> int:
    """Replay the calls of all pages. If a page fails, print what was replayed before that page."""
    matched = started = 0
    last = None
    try:
        for page in pages:
            matched, started = matched + page["matched"], started + page["started"]
            last = page["last_due_at"] or last
    finally:
        if as_json:
            done = {"dry_run": False, "matched": matched, "started": started, "last_due_at": last}
            typer.echo(json.dumps(done, indent=2))
        else:
            typer.echo(f"{started} of {matched} calls are replayed")
    if last and not as_json:
        typer.echo(
            f"The last is due at {last}. The sweep starts each within a minute of its due time."
        )
    return 0 if started else 1
