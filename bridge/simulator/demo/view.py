"""What the demo prints: a live table on a terminal, plain lines elsewhere, then the summary."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bridge.simulator.demo.poll import Seen, Verdict, has_arrived
from bridge.simulator.demo.scenarios import DemoCall

COLOURS = {
    "live": "blue",
    "ended": "blue",
    "recorded": "yellow",
    "submitted": "cyan",
    "transcribed": "magenta",
    "complete": "green",
    "unrecorded": "white",
    "failed": "red",
}


class View(Protocol):
    """Something that shows how the calls move."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *_: object) -> None:
        """End the show."""

    def show(self, seen: Seen, seconds: float) -> None:
        """Show where the calls are now."""


class LiveView:
    """A table that changes in place."""

    def __init__(self, console: Console, calls: Sequence[DemoCall]) -> None:
        self._calls = calls
        self._live = Live(console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last table standing."""
        self._live.__exit__(None, None, None)

    def show(self, seen: Seen, seconds: float) -> None:
        """Show where the calls are now."""
        self._live.update(_table(self._calls, seen, f"{seconds:.0f} s"))


class PlainView:
    """A line for each move, for logs and pipes."""

    def __init__(self, console: Console, calls: Sequence[DemoCall]) -> None:
        self._console = console
        self._titles = {demo_call.call_id: demo_call.scenario.title for demo_call in calls}
        self._before: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to do."""

    def show(self, seen: Seen, seconds: float) -> None:
        """Print a line for each call that moved."""
        for call_id, title in self._titles.items():
            now = _where(seen, call_id)
            if now and now != self._before.get(call_id):
                self._before[call_id] = now
                self._console.print(f"{seconds:5.1f} s  {title:<32} {now}", highlight=False)


def view_for(console: Console, calls: Sequence[DemoCall]) -> View:
    """Return the view that fits where the output goes."""
    return (LiveView if console.is_terminal else PlainView)(console, calls)


def print_summary(console: Console, verdict: Verdict) -> None:
    """Account for every call: where it ended, and whether that is where it should be."""
    if not console.is_terminal:
        console.print(_table(verdict.calls, verdict.seen, "where every call ended"))
    states = Counter(str(call["state"]) for call in verdict.seen.values())
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    most = max(verdict.engagements.values(), default=0)
    total = sum(verdict.engagements.values())
    arrived = len(verdict.calls) - len(verdict.astray)
    console.print(
        f"\n{arrived} of {len(verdict.calls)} calls are where they should be "
        f"after {verdict.seconds:.0f} s: {told}.\n"
        f"AskElephant made {total} engagements, at most {most} for a call.",
        highlight=False,
    )
    for demo_call in verdict.astray:
        wanted = f"{demo_call.scenario.state} {demo_call.scenario.reason or ''}".strip()
        console.print(
            f"[red]astray[/] {demo_call.scenario.title} ({demo_call.call_id}): {wanted} and "
            f"{demo_call.scenario.engagements} engagements wanted, found "
            f"{_where(verdict.seen, demo_call.call_id) or 'nothing'} "
            f"and {verdict.count(demo_call)}",
            highlight=False,
        )


def _table(calls: Sequence[DemoCall], seen: Seen, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("", "call", "state", "why", "insights", "requests"):
        table.add_column(column, no_wrap=True)
    for demo_call in calls:
        call = seen.get(demo_call.call_id, {})
        state = str(call.get("state", ""))
        table.add_row(
            "[green]✓[/]" if has_arrived(demo_call, seen) else "·",
            demo_call.scenario.title,
            f"[{COLOURS.get(state, 'white')}]{state}[/]",
            str(call.get("reason") or ""),
            str(call.get("insights_status", "")) if state else "",
            str(call.get("attempts", "")),
        )
    return table


def _where(seen: Seen, call_id: str) -> str:
    call = seen.get(call_id)
    if call is None:
        return ""
    why = f" ({call['reason']})" if call["reason"] else ""
    insights = f", insights {call['insights_status']}" if call["state"] == "complete" else ""
    return f"{call['state']}{why}{insights}"
