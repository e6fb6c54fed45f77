"""``bridge stats``: prints the number of calls in each state, and of waiting events and steps."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from bridge.cli.api import open_api
from bridge.cli.options import DEFAULT_URL, Json, Token, Url
from bridge.cli.text import utc


def stats(*, as_json: Json = False, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Show how many calls are in each state, and what waits.

    The exit code is 0, or 2 if the bridge returns an error or no response.
    """
    with open_api(url, token) as api:
        body = api.expect("/api/stats")
    typer.echo(json.dumps(body, indent=2) if as_json else "\n".join(_screen(body)))


def _screen(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines to print. The API leaves out counters that are 0."""
    yield "calls by state"
    yield from _numbers(body["states"])
    overdue = {step: count for step, count in body["overdue"].items() if count}
    yield "steps that are overdue" if overdue else "no step is overdue"
    yield from _numbers(overdue)
    yield "workers" if body["workers"] else "no worker runs"
    for worker in body["workers"]:
        yield f"{worker['running']:>10}  tasks on {worker['name']}, version {worker['version']}"
    inbox = body["inbox"]
    oldest = f", the oldest since {utc(inbox['oldest'])}" if inbox["oldest"] else ""
    yield f"events that wait to be processed: {inbox['waiting']}{oldest}"
    hold = body["hold"]
    yield f"requests held: {hold['reason']}, see bridge hold show" if hold else "requests held: no"
    yield f"damaged records: {body['damaged']['count']}"
    for title in ("unmapped_agents", "counters"):
        if body[title]:
            yield title.replace("_", " ")
            yield from _numbers(body[title])


def _numbers(numbers: Mapping[str, int]) -> Iterator[str]:
    for name, number in numbers.items():
        yield f"{number:>10}  {name}"
