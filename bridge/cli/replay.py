"""``bridge replay``: processes complete, skipped or failed calls again."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from bridge.cli.api import Api, error_exit, open_api

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
    url: Annotated[str, typer.Option(help="Base URL of the bridge.")] = "http://127.0.0.1:8000",
    token: Annotated[
        str | None,
        typer.Option(help="API token. Default: the first in BRIDGE_API_TOKENS that may operate."),
    ] = None,
) -> None:
    """Process complete, skipped or failed calls again. AskElephant creates no second engagement.

    With --state, the calls are only counted, unless --yes is given. The exit code is 0 on success,
    1 if no call matches or a call cannot be replayed, 2 if the bridge returns an error or no
    response.
    """
    from urllib.parse import quote

    if bool(call_ids) is bool(state):
        raise typer.BadParameter("give call ids, or choose calls by --state")
    chosen = {"state": state, "reason": reason or None, "pace": pace, "dry_run": not yes}
    chosen |= {"since": since or None, "until": until or None}
    with open_api(url, token, changes=True) as api:
        if call_ids:
            not_replayed = 0
            for call_id in call_ids:
                status, body = api.post(f"/api/calls/{quote(call_id, safe='')}/replay")
                if status not in {*ACCEPTED, *NOT_REPLAYED}:
                    raise error_exit(status, body)
                not_replayed += status in NOT_REPLAYED
                result = body["detail"] if status in NOT_REPLAYED else "replayed"
                typer.echo(f"{call_id}: {result}")
            code = 1 if not_replayed else 0
        elif yes:
            code = _replay(_pages(api, chosen, limit))
        else:
            code = _count(_pages(api, chosen, limit), pace)
    raise typer.Exit(code)


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


def _count(pages: Iterator[dict[str, Any]], pace: str) -> int:
    reasons: Counter[str] = Counter()
    for page in pages:
        reasons.update(page["reasons"])
    for reason, count in reasons.most_common():
        typer.echo(f"{count:>8}  {reason}")
    typer.echo(f"{reasons.total():>8}  match")
    if not reasons:
        return 1
    typer.echo(f"No call was replayed. Add --yes to replay them at {pace}.")
    return 0


def _replay(pages: Iterator[dict[str, Any]]) -> int:
    matched = started = 0
    last = None
    try:
        for page in pages:
            matched, started = matched + page["matched"], started + page["started"]
            last = page["last_due_at"] or last
    finally:
        typer.echo(f"{started} of {matched} calls are replayed")
    if last:
        typer.echo(
            f"The last is due at {last}. The sweep starts each within a minute of its due time."
        )
    return 0 if started else 1
