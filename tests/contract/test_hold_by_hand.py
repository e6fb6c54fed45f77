"""Holds through the API and ``bridge hold``: shown with their times, and released by hand."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from bridge.broker.publisher import SWEEP
from bridge.cli import main
from bridge.domain.call import State
from bridge.store.hold import Cause
from config.environment import OPERATORS_OWN
from tests.support.in_process_bridge import Bridge
from tests.support.web_process import TOKEN, Web, bearer

DAY = timedelta(days=1)
COLUMNS = 80
"""The width of a terminal."""


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings, and set the bridge's token."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_API_TOKENS", TOKEN)


def run(web: Web, *words: str) -> Result:
    """Run ``bridge hold``."""
    return CliRunner().invoke(main, ["hold", *words, "--url", str(web.client.base_url)])


def throttle(web: Web) -> None:
    """Make AskElephant throttle for a day."""
    now = web.services.now()
    web.services.holds.start(Cause("throttled", 429, "slow down"), now, now + DAY)


def test_without_a_hold_there_is_nothing_to_show_or_to_release(web: Web) -> None:
    """Without a hold the command reports none, with an exit code for scripts."""
    body = web.get("/api/hold").json()
    assert (body["held"], body["reason"], body["holds"]) == (False, None, [])
    shown, released = run(web, "show"), run(web, "release")
    assert (shown.exit_code, shown.output) == (0, "No requests are held.\n")
    assert (released.exit_code, released.output) == (1, "No requests were held.\n")
    released = run(web, "release", "--scope", "submit")
    assert (released.exit_code, released.output) == (1, "No requests were held at scope submit.\n")


def test_a_hold_is_shown_with_its_reason_and_its_times(web: Web) -> None:
    """A hold is shown with its reason, start, end, next probe and longest pause."""
    throttle(web)
    web.services.holds.start(Cause("scope_missing", 403), web.services.now(), step="insights")
    body = web.get("/api/hold").json()
    assert (body["held"], body["reason"], body["status"]) == (True, "throttled", 429)
    assert (body["step"], body["hold_max_seconds"]) == (None, 900)
    assert body["since"] < body["next_request_at"] < body["until"]
    assert [hold["step"] for hold in body["holds"]] == [None, "insights"]
    shown = run(web, "show")
    assert shown.exit_code == 1
    for words in ("all requests, throttled (HTTP 429): slow down", "step insights", "15 minutes"):
        assert words in shown.output
    assert max(map(len, shown.output.splitlines())) <= COLUMNS


@pytest.mark.parametrize(("words", "left"), [((), 0), (("--scope", "insights"), 1)])
def test_a_hold_is_released_by_hand(web: Web, words: tuple[str, ...], left: int) -> None:
    """A release by hand is counted, and publishes a sweep that runs the held calls."""
    throttle(web)
    web.services.holds.start(Cause("scope_missing", 403), web.services.now(), step="insights")
    released = run(web, "release", *words)
    assert released.exit_code == 0
    assert released.output.count("Released:") == 2 - left
    assert len(web.services.holds.all(web.services.now())) == left
    assert web.services.counters.all()["holds.released_by_hand"] == 2 - left
    assert (SWEEP,) in web.published.tasks


def test_json_is_the_response_of_the_api(web: Web) -> None:
    """The exit codes are those of the texts."""
    none = run(web, "show", "--json")
    assert (none.exit_code, json.loads(none.output)) == (0, web.get("/api/hold").json())
    throttle(web)
    shown = run(web, "show", "--json")
    assert (shown.exit_code, json.loads(shown.output)) == (1, web.get("/api/hold").json())
    with capture_logs():
        released = run(web, "release", "--json")
    assert released.exit_code == 0
    assert [hold["reason"] for hold in json.loads(released.output)["released"]] == ["throttled"]
    again = run(web, "release", "--json")
    assert (again.exit_code, json.loads(again.output)) == (1, {"released": []})


def test_the_api_releases_one_hold_or_all(web: Web) -> None:
    """The API releases one hold or all, only with a token."""
    throttle(web)
    assert web.client.post("/api/hold/release").status_code == 401
    assert web.client.get("/api/hold").status_code == 401
    headers = bearer(TOKEN)
    other = web.client.post("/api/hold/release?scope=submit", headers=headers)
    assert other.json() == {"released": []}
    released = web.client.post("/api/hold/release?scope=all", headers=headers).json()["released"]
    assert [hold["reason"] for hold in released] == ["throttled"]
    assert web.client.post("/api/hold/release?scope=x", headers=headers).status_code == 422


def test_a_refused_command_ends_with_the_apis_own_text(web: Web) -> None:
    """A refused command prints the API's detail, as for a wrong token."""
    for words in ("show", "release"):
        refused = run(web, words, "--token", "wrong")
        assert refused.exit_code == 2


def test_held_calls_run_at_the_first_sweep_after_a_release(bridge: Bridge) -> None:
    """After a release held calls run at the next sweep, whatever their due time is."""
    now = bridge.clock()
    bridge.services.holds.start(Cause("throttled", 429), now, now + DAY)
    calls = [bridge.dial() for _ in range(3)]
    for call in calls:
        bridge.process(call)
    assert all(bridge.call(call).due_at == now + timedelta(minutes=15) for call in calls)
    bridge.clock.wait(seconds=5)
    assert bridge.sweep() == 0
    bridge.services.holds.release(bridge.clock())
    assert bridge.sweep() == 3
    bridge.work()
    assert {bridge.call(call).state for call in calls} == {State.SUBMITTED}
