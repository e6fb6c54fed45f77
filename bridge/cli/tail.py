"""``bridge calls tail``: prints a line for each call whose state changes.

The command polls the API, which has no list of changes. Each poll reads the newest calls, and the
newest calls of each state in which a call still waits. A call that has left these lists is read
separately, because it has probably reached its final state.
"""

import json
from collections.abc import Mapping
from time import sleep
from typing import Any
from urllib.parse import quote

import typer

from bridge.cli.api import Api, NoResponseError, error_exit, open_api
from bridge.cli.options import DEFAULT_URL, Json, Token, Url
from bridge.cli.text import hanging, utc

OK, NOT_FOUND, SERVER_ERROR = 200, 404, 500
INTERVAL = 2.0
PAGE = 200
WAITING = ("live", "ended", "recorded", "submitted", "transcribed")
"""The states that a call leaves without an operator."""


def tail(*, as_json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Print a line for each call whose state changes, until Ctrl-C.

    The API is polled every 2 seconds. A call that changes twice between two polls has one line. In
    each state the newest 200 calls are watched. If the web process stops, the command polls until
    the web process runs again, and then prints what has changed. The exit code is 2 if the web
    process does not run when the command starts.
    """
    with open_api(url, token) as api:
        states = States(api)
        is_connected: bool | None = None  # None = no poll has succeeded yet
        while True:
            try:
                changes = states.changes()
            except NoResponseError as error:
                if is_connected is None:
                    typer.echo(str(error), err=True)
                    raise typer.Exit(2) from error
                if is_connected:
                    typer.echo(f"{error}. Trying again every {INTERVAL:g} s.", err=True)
                is_connected = False
            else:
                if not is_connected:
                    typer.echo(f"connected to {url}", err=as_json)
                is_connected = True
                for change in changes:
                    _print_change(change, as_json=as_json)
            sleep(INTERVAL)


class States:
    """The states of the watched calls at the last poll. The first poll reports no change."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, str] | None = None

    def changes(self) -> list[dict[str, Any]]:
        """Return the calls that changed since the last poll, each with its state ``before``.

        Raises ``NoResponseError`` if the API does not respond, and ``typer.Exit`` if it rejects the
        request.
        """
        found: dict[str, dict[str, Any]] = {}
        for state in ("", *WAITING):
            body = self._read(f"/api/calls?limit={PAGE}&state={state}") or {"data": []}
            found |= {call["call_id"]: call for call in body["data"]}
        known = self._known
        for call_id in [one for one, state in (known or {}).items() if state in WAITING]:
            if call_id not in found and (
                call := self._read(f"/api/calls/{quote(call_id, safe='')}")
            ):
                found[call_id] = call
        self._known = {call_id: call["state"] for call_id, call in found.items()}
        if known is None:
            return []
        changed = [
            {**call, "before": known.get(call_id)}
            for call_id, call in found.items()
            if call["state"] != known.get(call_id)
        ]
        return sorted(changed, key=lambda call: str(call["updated_at"]))

    def _read(self, path: str) -> dict[str, Any] | None:
        """Return the body of a response, or ``None`` if the call no longer exists."""
        status, body = self._api.fetch(path)
        if status >= SERVER_ERROR:
            raise NoResponseError(f"{status}: {body.get('detail', body)}")
        if status == NOT_FOUND:
            return None
        if status != OK:
            raise error_exit(status, body)
        return body


def _print_change(call: Mapping[str, Any], *, as_json: bool) -> None:
    explained = call["explanation"]
    if as_json:
        shown = {name: call[name] for name in ("call_id", "before", "state", "reason")}
        shown |= {"waits_for": explained["waits_for"], "updated_at": call["updated_at"]}
        typer.echo(json.dumps(shown))
        return
    reason = f" ({call['reason']})" if call["reason"] else ""
    line = f"{utc(call['updated_at'])}  {call['call_id']}  {call['state']}{reason}"
    typer.echo("\n".join(hanging(line)))
