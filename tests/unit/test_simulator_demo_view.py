"""What the demo's audience sees, on a terminal and in a pipe."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from bridge.domain.call import State
from bridge.simulator.demo.poll import Verdict
from bridge.simulator.demo.scenarios import SCENARIOS, DemoCall
from bridge.simulator.demo.view import COLOURS, LiveView, PlainView, print_summary, view_for

CALLS = [DemoCall(scenario, f"c-{number}", ()) for number, scenario in enumerate(SCENARIOS)]
NORMAL, REJECTED = CALLS[0], next(one for one in CALLS if one.scenario.title == "rejected")


def console(*, terminal: bool) -> Console:
    """Return a console that remembers what it shows."""
    return Console(file=StringIO(), force_terminal=terminal, width=120, record=True)


def where(demo_call: DemoCall, **changes: object) -> dict[str, Any]:
    """Return what the API says of a call that is where it should be, but for ``changes``."""
    scenario = demo_call.scenario
    said = {
        "state": scenario.state,
        "reason": scenario.reason,
        "insights_status": scenario.insights,
    }
    return {**said, "attempts": 1, **changes}


SEEN = {demo_call.call_id: where(demo_call) for demo_call in CALLS}
MADE = {f"wavv-call-{demo_call.call_id}": demo_call.scenario.engagements for demo_call in CALLS}


def test_a_pipe_gets_a_line_for_each_move_and_no_more() -> None:
    """A log with 25 lines every quarter of a second would be read by nobody."""
    out = console(terminal=False)
    with view_for(out, CALLS) as shown:
        assert isinstance(shown, PlainView)
        shown.show({}, 0)
        shown.show({NORMAL.call_id: where(NORMAL, state="recorded")}, 1)
        shown.show({NORMAL.call_id: where(NORMAL, state="recorded")}, 1.25)
        shown.show({NORMAL.call_id: where(NORMAL), REJECTED.call_id: where(REJECTED)}, 12)
    lines = [" ".join(line.split()) for line in out.export_text().splitlines()]
    assert lines == [
        "1.0 s normal recorded",
        "12.0 s normal complete, insights all",
        "12.0 s rejected failed (rejected)",
    ]


def test_a_terminal_gets_a_table_that_changes_in_place() -> None:
    """All calls from the start, so that nothing jumps."""
    out = console(terminal=True)
    with view_for(out, CALLS) as shown:
        assert isinstance(shown, LiveView)
        shown.show({}, 0)
        shown.show(SEEN, 12.3)
    text = out.export_text()
    last = text[text.rindex("12 s") :].splitlines()
    assert len(last) == 2 + len(CALLS)
    assert all(line.startswith("✓") for line in last[2:])
    assert last[2].split() == ["✓", "normal", "complete", "all", "1"]


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_colour(state: State) -> None:
    """But those that no call of the demo reaches."""
    assert state in COLOURS or state not in {scenario.state for scenario in SCENARIOS}


@pytest.mark.parametrize("terminal", [True, False])
def test_the_summary_accounts_for_every_call(*, terminal: bool) -> None:
    """On a terminal the last table still stands; a pipe gets it now."""
    out = console(terminal=terminal)
    print_summary(out, Verdict(CALLS, SEEN, MADE, 12.3))
    text = out.export_text()
    assert "25 of 25 calls are where they should be after 12 s: " in text
    assert "21 complete, 2 failed, 2 unrecorded." in text
    assert "AskElephant made 22 engagements, at most 1 for a call." in text
    assert text.count("✓") == (0 if terminal else 25)
    assert "astray" not in text


@pytest.mark.parametrize(
    ("changes", "made", "told"),
    [
        ({"state": "transcribed"}, 1, "complete and 1 engagements wanted, found transcribed and 1"),
        ({}, 2, "complete and 1 engagements wanted, found complete, insights all and 2"),
        (None, 0, "complete and 1 engagements wanted, found nothing and 0"),
    ],
)
def test_a_call_that_is_astray_is_told_with_what_was_wanted(
    changes: dict[str, object] | None, made: int, told: str
) -> None:
    """Its id is there to be searched for in the log."""
    seen = {key: value for key, value in SEEN.items() if key != NORMAL.call_id}
    if changes is not None:
        seen[NORMAL.call_id] = where(NORMAL, **changes)
    out = console(terminal=False)
    verdict = Verdict(CALLS, seen, MADE | {f"wavv-call-{NORMAL.call_id}": made}, 50)
    print_summary(out, verdict)
    text = " ".join(out.export_text().split())
    assert f"astray normal ({NORMAL.call_id}): {told}" in text
    assert "24 of 25 calls are where they should be" in text


def test_the_summary_of_nothing_at_all_is_told_too() -> None:
    """A bridge that took no call is no reason for a traceback."""
    out = console(terminal=False)
    print_summary(out, Verdict(CALLS, {}, {}, 50))
    assert "0 of 25 calls are where they should be" in out.export_text()
