"""Tests for the demo's output, on a terminal and in a pipe."""

from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from rich.console import Console

from bridge.domain.call import State
from bridge.simulator.demo.poll import DemoResult
from bridge.simulator.demo.scenarios import SCENARIOS, DemoCall
from bridge.simulator.demo.view import COLOURS, LiveView, PlainView, print_summary, view_for

CALLS = [DemoCall(scenario, f"c-{number}", ()) for number, scenario in enumerate(SCENARIOS)]
NORMAL, REJECTED = CALLS[0], next(call for call in CALLS if call.scenario.title == "rejected")


def console(*, terminal: bool) -> Console:
    """Return a console that records its output."""
    return Console(file=StringIO(), force_terminal=terminal, width=120, record=True)


def record(demo_call: DemoCall, **changes: object) -> dict[str, Any]:
    """Return the API's record of a call in its expected state, with these changes."""
    scenario = demo_call.scenario
    expected = {
        "state": scenario.state,
        "reason": scenario.reason,
        "insights_status": scenario.insights,
    }
    return {**expected, "attempts": 1, **changes}


SEEN = {demo_call.call_id: record(demo_call) for demo_call in CALLS}
MADE = {f"wavv-call-{demo_call.call_id}": demo_call.scenario.engagements for demo_call in CALLS}


def test_a_pipe_gets_one_line_for_each_change() -> None:
    """A pipe gets a line for each change of a call's state and no other."""
    out = console(terminal=False)
    with view_for(out, CALLS) as shown:
        assert isinstance(shown, PlainView)
        shown.show({}, 0)
        shown.show({NORMAL.call_id: record(NORMAL, state="recorded")}, 1)
        shown.show({NORMAL.call_id: record(NORMAL, state="recorded")}, 1.25)
        shown.show({NORMAL.call_id: record(NORMAL), REJECTED.call_id: record(REJECTED)}, 12)
    lines = [" ".join(line.split()) for line in out.export_text().splitlines()]
    assert lines == [
        "1.0 s normal recorded",
        "12.0 s normal complete, insights all",
        "12.0 s rejected failed (rejected)",
    ]


def test_a_terminal_gets_a_table_that_changes_in_place() -> None:
    """A terminal gets one table that lists all calls from the start."""
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


@pytest.mark.parametrize("width", [50, 80])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_narrow_table_cuts_neither_states_nor_reasons(width: int, *, terminal: bool) -> None:
    """Names of calls are wrapped instead. Every line fits."""
    out = Console(file=StringIO(), force_terminal=terminal, width=width, record=True)
    with LiveView(out, CALLS) as shown:
        shown.show(SEEN, 12.3)
    text = out.export_text()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    for demo_call in CALLS:
        words = {str(demo_call.scenario.state), demo_call.scenario.reason or "✓"}
        assert words <= set(text.split()), demo_call.scenario.title


def test_without_utf_8_the_table_is_ascii() -> None:
    """A console that cannot print UTF-8 gets other marks."""
    raw = BytesIO()
    with TextIOWrapper(raw, encoding="ascii") as file:
        out = Console(file=file, force_terminal=False, width=120)
        print_summary(out, DemoResult(CALLS, SEEN, MADE, 12.3))
        file.flush()
        lines = raw.getvalue().decode("ascii").splitlines()
    assert sum(line.startswith("+ ") for line in lines) == len(CALLS)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_colour(state: State) -> None:
    """Every state that a call of the demo reaches has a colour."""
    assert state in COLOURS or state not in {scenario.state for scenario in SCENARIOS}


@pytest.mark.parametrize("terminal", [True, False])
def test_the_summary_accounts_for_every_call(*, terminal: bool) -> None:
    """The summary counts all calls; only a pipe gets the table again."""
    out = console(terminal=terminal)
    print_summary(out, DemoResult(CALLS, SEEN, MADE, 12.3))
    text = out.export_text()
    assert "25 of 25 calls ended as expected after 12 s: " in text
    assert "21 complete, 2 failed, 2 unrecorded." in text
    assert "AskElephant made 22 engagements, at most 1 for a call." in text
    assert text.count("✓") == (0 if terminal else 25)
    assert "unexpected" not in text


@pytest.mark.parametrize(
    ("changes", "made", "shown"),
    [
        (
            {"state": "transcribed"},
            1,
            "expected complete and 1 engagements, found transcribed and 1",
        ),
        ({}, 2, "expected complete and 1 engagements, found complete, insights all and 2"),
        (None, 0, "expected complete and 1 engagements, found nothing and 0"),
    ],
)
def test_a_call_in_a_wrong_state_is_shown_with_the_expected_one(
    changes: dict[str, object] | None, made: int, shown: str
) -> None:
    """The summary names a wrong call's id, its expected and its actual state."""
    seen = {key: value for key, value in SEEN.items() if key != NORMAL.call_id}
    if changes is not None:
        seen[NORMAL.call_id] = record(NORMAL, **changes)
    out = console(terminal=False)
    result = DemoResult(CALLS, seen, MADE | {f"wavv-call-{NORMAL.call_id}": made}, 50)
    print_summary(out, result)
    text = " ".join(out.export_text().split())
    assert f"unexpected normal ({NORMAL.call_id}): {shown}" in text
    assert "24 of 25 calls ended as expected" in text


def test_a_summary_without_any_call_is_printed() -> None:
    """A demo whose bridge received no call prints its summary without an error."""
    out = console(terminal=False)
    print_summary(out, DemoResult(CALLS, {}, {}, 50))
    assert "0 of 25 calls ended as expected" in out.export_text()
