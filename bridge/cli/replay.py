"""``bridge replay``: calls at rest are sent through again."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from bridge.cli.api import Api, asking, refused

ACCEPTED = (200, 202)
LEFT_ALONE = (404, 409)


def replay(
    call_ids: Annotated[
        list[str] | None, typer.Argument(metavar="CALL_ID...", help="Replay these, at once.")
    ] = None,
    state: Annotated[
        Literal["complete", "skipped", "failed"] | None,
        typer.Option(help="Replay the calls in this state."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Only those with this reason.")] = "",
    since: Annotated[
        str, typer.Option(help="Only those first heard of then or later, such as 2026-05-13T14:00.")
    ] = "",
    until: Annotated[str, typer.Option(help="Only those first heard of before.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many, the newest.")] = None,
    pace: Annotated[str, typer.Option(help="How fast they leave: 60/m, 1/s, 500/h.")] = "60/m",
    yes: Annotated[bool, typer.Option("--yes", help="Do it, do not only count.")] = False,
    url: Annotated[str, typer.Option(help="Where the bridge listens.")] = "http://127.0.0.1:8000",
    token: Annotated[
        str | None, typer.Option(help="API token; else the first of BRIDGE_API_TOKENS.")
    ] = None,
) -> None:
    """Send complete, skipped or failed calls through again; AskElephant makes no second engagement.

    Many by --state: counted first, and sent with --yes. The exit code is 0 if all is well, 1 if
    nothing matches or a call cannot be replayed, 2 if the bridge cannot be asked.
    """
    if bool(call_ids) is bool(state):
        raise typer.BadParameter("name the calls, or choose them by --state")
    chosen = {"state": state, "reason": reason or None, "pace": pace, "dry_run": not yes}
    chosen |= {"since": since or None, "until": until or None}
    with asking(url, token) as api:
        if call_ids:
            code = _replay_each(api, call_ids)
        elif yes:
            code = _tell_replayed(_pages(api, chosen, limit))
        else:
            code = _tell_counted(_pages(api, chosen, limit), pace)
    raise typer.Exit(code)


def _replay_each(api: Api, call_ids: list[str]) -> int:
    from urllib.parse import quote

    left_alone = 0
    for call_id in call_ids:
        status, told = api.post(f"/api/calls/{quote(call_id, safe='')}/replay")
        if status not in {*ACCEPTED, *LEFT_ALONE}:
            raise refused(status, told)
        left_alone += status in LEFT_ALONE
        typer.echo(f"{call_id}: {told['detail'] if status in LEFT_ALONE else 'sent again'}")
    return 1 if left_alone else 0


def _pages(api: Api, order: dict[str, Any], limit: int | None) -> Iterator[dict[str, Any]]:
    """Yield the answers, page by page, until all that match were seen, or ``limit`` of them."""
    cursor, left = None, limit
    while left != 0:
        most = {} if left is None else {"limit": left}
        status, told = api.post("/api/replay", order | most | {"cursor": cursor})
        if status not in ACCEPTED:
            raise refused(status, told)
        yield told
        left = None if left is None else left - told["matched"]
        cursor = told["next_cursor"]
        if cursor is None:
            return


def _tell_counted(pages: Iterator[dict[str, Any]], pace: str) -> int:
    reasons: Counter[str] = Counter()
    for one in pages:
        reasons.update(one["reasons"])
    for reason, count in reasons.most_common():
        typer.echo(f"{count:>8}  {reason}")
    typer.echo(f"{reasons.total():>8}  match")
    if not reasons:
        return 1
    typer.echo(f"Nothing was sent. The same with --yes sends them through again, at {pace}.")
    return 0


def _tell_replayed(pages: Iterator[dict[str, Any]]) -> int:
    matched = started = 0
    last = None
    try:
        for one in pages:
            matched, started = matched + one["matched"], started + one["started"]
            last = one["last_due_at"] or last
    finally:
        typer.echo(f"{started} of {matched} calls are sent through again")
    if last:
        typer.echo(f"The last is due at {last}; the sweep sends each within a minute of its time.")
    return 0 if started else 1
