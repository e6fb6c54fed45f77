"""``bridge why``: one screen that says where a call is, and why."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.cli import main
from config.environment import OPERATORS_OWN
from tests.support.bridge_with_api import Operated
from tests.support.web_process import TOKEN


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings, and set the bridge's token."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_API_TOKENS", TOKEN)


def why(operated: Operated, *arguments: str, columns: int = 80) -> Result:
    """Run ``bridge why`` on a terminal of this width."""
    words = ["why", "--url", operated.url, *arguments]
    return CliRunner().invoke(main, words, env={"COLUMNS": str(columns)})


def test_a_failed_call_is_shown_with_its_next_step(operated: Operated) -> None:
    """Sentence first, then ids, problem and timeline; exit code 3, since a person is needed."""
    (call,) = operated.fail(1)
    shown = why(operated, call.call_id)
    lines = shown.output.splitlines()
    assert shown.exit_code == 3
    assert " ".join(lines[:2]).startswith("The call failed. AskElephant rejected the request.")
    assert f"call        {call.call_id}" in lines
    assert "state       failed (rejected)" in lines
    assert any(line.startswith("problem     rejected, HTTP 422") for line in lines)
    assert any("call.failed: reason rejected" in line for line in lines)
    assert lines[-1] == f"  bridge replay {call.call_id}"
    assert "now: waits for a person" in shown.output


def test_a_call_is_found_by_whatever_a_person_has(operated: Operated) -> None:
    """The last digits in any spelling, the name and the link find the one call."""
    (call,) = operated.fail(1)
    digits = call.lead_phone[-7:]
    link = operated.records([call])[0].external_url or ""
    for wanted in (f"{digits[:3]}-{digits[3:]}", call.lead_name.upper(), link):
        shown = why(operated, wanted)
        assert f"call        {call.call_id}" in shown.output.splitlines(), wanted


def test_several_calls_are_listed(operated: Operated) -> None:
    """Each has its cause, and the next command is named."""
    calls = operated.fail(3)
    shown = why(operated, "rejected")
    assert shown.exit_code == 0
    for call in calls:
        assert f"{call.call_id}  failed  " in shown.output
    assert "bridge why CALL_ID" in shown.output.splitlines()[-1]


def test_nothing_found_is_an_exit_code_and_a_hint(operated: Operated) -> None:
    """Exit code 1, and where rejected events are found."""
    shown = why(operated, "nobody@nowhere.example")
    assert shown.exit_code == 1
    assert "No call matches 'nobody@nowhere.example'" in shown.output
    assert "event.refused" in shown.output


def test_json_is_the_call_as_the_api_returns_it(operated: Operated) -> None:
    """One document for one call, a line for each of several."""
    calls = operated.fail(2)
    shown = why(operated, calls[0].call_id, "--json")
    document = json.loads(shown.output)
    assert document["explanation"]["waits_for"] == "operator"
    assert document == operated.http.get(f"/api/calls/{calls[0].call_id}").json()
    several = why(operated, "rejected", "--json")
    found = {json.loads(line)["call_id"] for line in several.output.splitlines()}
    assert found >= {call.call_id for call in calls}


@pytest.mark.parametrize("columns", [50, 80])
def test_nothing_is_wider_than_the_terminal(operated: Operated, columns: int) -> None:
    """Texts are wrapped; ids and links are never cut."""
    (call,) = operated.fail(1)
    lines = why(operated, call.call_id, columns=columns).output.splitlines()
    broken = [line for line in lines if len(line) > columns and len(line.split()) > 3]
    assert broken == []


@pytest.mark.parametrize(
    ("arguments", "detail"),
    [(("--token", "wrong"), "401"), (("--url", "http://127.0.0.1:9"), "no response")],
)
def test_a_bridge_that_does_not_respond_is_an_error(
    operated: Operated, arguments: tuple[str, ...], detail: str
) -> None:
    """Exit code 2: the question could not be put."""
    shown = why(operated, "anything", *arguments)
    assert shown.exit_code == 2
    assert detail in shown.output
