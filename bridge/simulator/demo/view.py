"""The demo's output: a live table on a terminal, else plain lines, and a summary at the end."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bridge.simulator.demo.poll import DemoResult, Seen, is_as_expected
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

WIDE = 80
"""Columns of a terminal from which on the table shows insights and requests, too."""


class View(Protocol):
    """Shows the state of the calls during the demo."""

    def __enter__(self) -> Self:
        """Start the output."""

    def __exit__(self, *_: object) -> None:
        """End the output."""

    def show(self, seen: Seen, seconds: float) -> None:
        """Show the present state of the calls, ``seconds`` after the start."""


class LiveView:
    """A table that is updated in place, for terminals."""

    def __init__(self, console: Console, calls: Sequence[DemoCall]) -> None:
        self._console = console
        self._calls = calls
        self._live = Live(console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Start the output."""
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """End the updates. The last table stays on the terminal."""
        self._live.__exit__(None, None, None)

    def show(self, seen: Seen, seconds: float) -> None:
        """Show the present state of the calls, ``seconds`` after the start."""
        self._live.update(_table(self._console, self._calls, seen, f"{seconds:.0f} s"))


class PlainView:
    """Prints a line for each change of a call, for logs and pipes."""

    def __init__(self, console: Console, calls: Sequence[DemoCall]) -> None:
        self._console = console
        self._titles = {demo_call.call_id: demo_call.scenario.title for demo_call in calls}
        self._before: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start the output."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: each line was printed when it was shown."""

    def show(self, seen: Seen, seconds: float) -> None:
        """Print a line for each call whose state has changed."""
        for call_id, title in self._titles.items():
            now = _where(seen, call_id)
            if now and now != self._before.get(call_id):
                self._before[call_id] = now
                self._console.print(f"{seconds:5.1f} s  {title:<32} {now}", highlight=False)


def view_for(console: Console, calls: Sequence[DemoCall]) -> View:
    """Create a live table for a terminal, or plain lines for any other output."""
    return (LiveView if console.is_terminal else PlainView)(console, calls)


def print_summary(console: Console, result: DemoResult) -> None:
    """Print how the calls ended, and each call that did not end as expected."""
    if not console.is_terminal:
        console.print(_table(console, result.calls, result.seen, "how each call ended"))
    counts = Counter(str(call["state"]) for call in result.seen.values())
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    most = max(result.engagements.values(), default=0)
    total = sum(result.engagements.values())
    expected = len(result.calls) - len(result.unexpected)
    console.print(
        f"\n{expected} of {len(result.calls)} calls ended as expected "
        f"after {result.seconds:.0f} s: {states}.\n"
        f"AskElephant made {total} engagements, at most {most} for a call.",
        highlight=False,
    )
    for demo_call in result.unexpected:
        scenario = demo_call.scenario
        state = f"{scenario.state} {scenario.reason or ''}".strip()
        found = _where(result.seen, demo_call.call_id) or "nothing"
        console.print(
            f"[red]unexpected[/] {scenario.title} ({demo_call.call_id}): "
            f"expected {state} and {scenario.engagements} engagements, "
            f"found {found} and {result.count(demo_call)}",
            highlight=False,
        )


def _table(console: Console, calls: Sequence[DemoCall], seen: Seen, title: str) -> Table:
    """Return the table of the calls. States and reasons are never cut.

    On a narrow terminal the names of the calls are wrapped, and the last two columns are left out.
    """
    columns = ["", "call", "state", "why", "insights", "requests"]
    columns = columns if console.width >= WIDE else columns[:4]
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column != "call", overflow="fold")
    done, waiting = ("✓", "·") if console.encoding.startswith("utf") else ("+", ".")
    for demo_call in calls:
        call = seen.get(demo_call.call_id, {})
        state = str(call.get("state", ""))
        cells = (
            f"[green]{done}[/]" if is_as_expected(demo_call, seen) else waiting,
            demo_call.scenario.title,
            f"[{COLOURS.get(state, 'white')}]{state}[/]",
            str(call.get("reason") or ""),
            str(call.get("insights_status", "")) if state else "",
            str(call.get("attempts", "")),
        )
        table.add_row(*cells[: len(columns)])
    return table


def _where(seen: Seen, call_id: str) -> str:
    call = seen.get(call_id)
    if call is None:
        return ""
    why = f" ({call['reason']})" if call["reason"] else ""
    insights = f", insights {call['insights_status']}" if call["state"] == "complete" else ""
    return f"{call['state']}{why}{insights}"
