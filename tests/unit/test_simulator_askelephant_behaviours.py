"""Tests for the sandbox's behaviours: markers in ids, and the table that documents them."""

import pytest

import bridge.simulator.askelephant as package
from bridge.simulator.askelephant import BEHAVIOURS, SandboxOptions
from bridge.simulator.askelephant.behaviours import DEFAULT_NUMBERS, marker_of, read_plan
from bridge.simulator.askelephant.workspace import Workspace


@pytest.mark.parametrize(
    ("external_id", "numbers"),
    [
        ("wavv-call-1", {}),
        ("wavv-call-1~", {}),
        ("wavv-call-1~reject", {"reject": 0}),
        ("wavv-call-1~throttle-bare", {"throttle-bare": 1}),
        ("wavv-call-1~throttle-bare.3+late-insights", {"throttle-bare": 3, "late-insights": 600}),
        ("wavv-call-1~slow-media.2.5", {"slow-media": 2.5}),
        ("wavv~call~1~reset", {"reset": 1}),
        ("reject", {}),
    ],
)
def test_a_marker_is_what_follows_the_last_tilde(
    external_id: str, numbers: dict[str, float]
) -> None:
    """The text after the last tilde names behaviours joined by plus, each with its number."""
    plan = read_plan(marker_of(external_id))
    assert dict(plan.numbers) == numbers
    assert plan.unknown == ()


@pytest.mark.parametrize(
    "part", ["nonsense", "reject.2", "slow-media.", "slow-media.-1", "slow-media.1e9", "Reset", "."]
)
def test_a_part_that_names_no_behaviour_is_kept_as_unknown(part: str) -> None:
    """An unknown part of a marker is kept for the journal, so that a typo is seen."""
    plan = read_plan(f"{part}+reset")
    assert plan.unknown == (part,)
    assert dict(plan.numbers) == {"reset": 1}


def test_the_docstring_lists_exactly_the_table() -> None:
    """The package's docstring lists every behaviour with its default number."""
    lines = (package.__doc__ or "").splitlines()
    first, second, third = (index for index, line in enumerate(lines) if line.startswith("==="))
    width = lines[first].index(" ")
    number = slice(width, lines[first].index(" ", width + 2))
    documented = {
        line[:width].strip(): (line[number].strip(), line[number.stop :].strip())
        for line in lines[second + 1 : third]
    }
    assert documented == {
        name: (f"{DEFAULT_NUMBERS[name]:g}" if name in DEFAULT_NUMBERS else "", line)
        for name, line in BEHAVIOURS.items()
    }


def test_a_marker_wins_over_the_exact_id_and_that_over_a_substring() -> None:
    """A marker in the id overrides a rule for the exact id, which overrides substrings."""
    workspace = Workspace(SandboxOptions())
    workspace.exact = {"wavv-call-1": "reset", "wavv-call-2~failed": "reset"}
    workspace.containing = {"call": "stuck", "wavv": "no-webhook"}
    plans = {
        external_id: set(workspace.plan_for(external_id).numbers)
        for external_id in ("wavv-call-1", "wavv-call-2~failed", "wavv-call-3", "other")
    }
    assert plans == {
        "wavv-call-1": {"reset"},
        "wavv-call-2~failed": {"failed"},
        "wavv-call-3": {"stuck", "no-webhook"},
        "other": set(),
    }


def test_behaviours_of_all_calls_are_added_to_a_calls_own() -> None:
    """The behaviours of all calls are added; the call's own number of one wins."""
    workspace = Workspace(SandboxOptions(behaviours="check-people+conflict.5"))
    workspace.exact = {"a": "failed"}
    plans = [workspace.plan_for(name).numbers for name in ("a", "b", "c~conflict")]
    assert plans == [
        {"check-people": 0, "conflict": 5, "failed": 0},
        {"check-people": 0, "conflict": 5},
        {"check-people": 0, "conflict": 1},
    ]


def test_each_behaviour_counts_its_own_tries() -> None:
    """The tries of each behaviour are counted for each call."""
    workspace = Workspace(SandboxOptions())
    plan = read_plan("throttle-bare.2")
    tries = [workspace.use_try("a", plan, "throttle-bare") for _ in range(3)]
    assert tries == [True, True, False]
    assert not workspace.use_try("a", plan, "reset")
    assert workspace.use_try("b", plan, "throttle-bare")
