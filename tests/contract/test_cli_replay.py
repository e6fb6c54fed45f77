"""``bridge replay``: what it counts, what it replays, and its error messages."""

import json
import os
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner, Result

from bridge.api import replays
from bridge.cli import main
from bridge.domain.call import State
from config.environment import OPERATORS_OWN
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import whats
from tests.support.sandbox import serving
from tests.support.web_process import TOKEN


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings, and set one of the bridge's tokens."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_API_TOKENS", f"{TOKEN},another")


def replay(url: str, *words: str) -> Result:
    """Run ``bridge replay``."""
    return CliRunner().invoke(main, ["replay", "--url", url, *words])


def test_without_yes_it_counts_and_prints_the_next_command(operated: Operated) -> None:
    """Without ``--yes`` it prints a table by reason and the next command, and changes nothing."""
    calls = operated.fail(3)
    operated.bridge.services.calls.update(
        calls[0].call_id, lambda call: call and call.but(reason="processing_failed")
    )
    before = operated.records(calls)
    result = replay(operated.url, "--state", "failed")
    assert result.exit_code == 0
    assert [line.split() for line in result.output.splitlines()[:3]] == [
        ["2", "rejected"], ["1", "processing_failed"], ["3", "match"],
    ]  # fmt: skip
    assert "--yes" in result.output
    assert operated.records(calls) == before


def test_with_yes_all_that_match_are_sent_page_by_page(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``--yes`` it replays all matching calls once each, page by page, at one pace."""
    monkeypatch.setattr(replays, "MOST", 2)
    calls = operated.fail(7)
    result = replay(
        operated.url, "--state", "failed", "--reason", "rejected", "--yes", "--pace", "1/m"
    )
    assert result.exit_code == 0
    assert result.output.startswith("7 of 7 calls are replayed\n")
    found = operated.records(calls)
    due = [call.due_at for call in found if call.due_at]
    assert {later - earlier for later, earlier in pairwise(due)} == {timedelta(minutes=1)}
    assert [whats(call).count("call.replayed") for call in found] == [1] * 7


def test_a_limit_holds_over_pages(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--limit`` holds over pages, and the newest calls are replayed."""
    monkeypatch.setattr(replays, "MOST", 2)
    calls = operated.fail(5)
    assert replay(operated.url, "--state", "failed", "--limit", "3", "--yes").exit_code == 0
    moved = [call.state is State.RECORDED for call in operated.records(calls)]
    assert moved == [False, False, True, True, True]


def test_times_bound_what_is_sent(operated: Operated) -> None:
    """Calls are replayed from ``--since`` on, and before ``--until``."""
    calls = operated.fail(3)
    times = [call.created_at.isoformat() for call in operated.records(calls)]
    words = ("--since", times[1], "--until", times[2], "--yes")
    assert replay(operated.url, "--state", "failed", *words).exit_code == 0
    moved = [call.state is State.RECORDED for call in operated.records(calls)]
    assert moved == [False, True, False]


def test_calls_that_are_named_are_sent_at_once(operated: Operated) -> None:
    """Calls that are named are replayed without ``--yes``."""
    calls = operated.fail(2)
    operated.accept_all()
    result = replay(operated.url, *(call.call_id for call in calls))
    assert (result.exit_code, result.output.count(": replayed")) == (0, 2)
    operated.bridge.work()
    assert {call.state for call in operated.records(calls)} == {State.SUBMITTED}


def test_a_call_that_cannot_be_replayed_is_reported(
    operated: Operated,
) -> None:
    """A call that cannot be replayed is reported, the others are, and the exit code is 1."""
    (call,) = operated.fail(1)
    result = replay(operated.url, "nobody/at all", call.call_id, call.call_id)
    assert result.exit_code == 1
    unknown, sent, again = result.output.splitlines()
    assert unknown.startswith("nobody/at all: There is no call")
    assert sent == f"{call.call_id}: replayed"
    assert again.startswith(f"{call.call_id}: The call is recorded")


def test_json_of_counted_and_of_replayed_calls_is_one_document(operated: Operated) -> None:
    """The documents have the sums over all pages, and the due time of the last call."""
    calls = operated.fail(2)
    counted = replay(operated.url, "--state", "failed", "--json")
    expected = {"dry_run": True, "matched": 2, "reasons": {"rejected": 2}}
    assert (counted.exit_code, json.loads(counted.output)) == (0, expected)
    replayed = replay(operated.url, "--state", "failed", "--json", "--yes")
    assert replayed.exit_code == 0
    document = json.loads(replayed.output)
    due = max(call.due_at for call in operated.records(calls) if call.due_at)
    assert datetime.fromisoformat(document.pop("last_due_at")) == due
    assert document == {"dry_run": False, "matched": 2, "started": 2}
    nothing = replay(operated.url, "--state", "failed", "--json")
    assert (nothing.exit_code, json.loads(nothing.output)["matched"]) == (1, 0)


def test_json_of_named_calls_is_a_line_for_each(operated: Operated) -> None:
    """A call that cannot be replayed has the cause; the exit code is 1, as without ``--json``."""
    (call,) = operated.fail(1)
    result = replay(operated.url, "none", call.call_id, "--json")
    assert result.exit_code == 1
    assert [json.loads(line) for line in result.output.splitlines()] == [
        {"call_id": "none", "replayed": False, "detail": "There is no call with this id."},
        {"call_id": call.call_id, "replayed": True, "detail": None},
    ]


@pytest.mark.parametrize("words", [(), ("--yes",)])
def test_without_a_match_the_exit_code_is_1(operated: Operated, words: tuple[str, ...]) -> None:
    """If nothing matches the exit code is 1, with and without ``--yes``."""
    operated.fail(1)
    result = replay(operated.url, "--state", "skipped", *words)
    assert result.exit_code == 1
    assert result.output.split()[0] == "0"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("c-1", "--state", "failed"),
        ("--state", "recorded"),
        ("--state", "failed", "--limit", "0"),
    ],
)
def test_options_that_make_no_sense_are_refused(words: tuple[str, ...]) -> None:
    """Options that exclude each other are refused before any request."""
    result = replay("http://127.0.0.1:1", *words)
    assert result.exit_code == 2
    assert "Usage" in result.output


@pytest.mark.parametrize(
    "words", [("--pace", "fast"), ("--since", "yesterday"), ("--pace", "1000/s", "--yes")]
)
def test_a_422_of_the_bridge_is_printed(operated: Operated, words: tuple[str, ...]) -> None:
    """A 422 of the bridge is printed with the parameter's name."""
    result = replay(operated.url, "--state", "failed", *words)
    assert result.exit_code == 2
    assert result.output.startswith(f"422: {words[0].removeprefix('--')}: ")


@pytest.mark.parametrize("words", [("--state", "failed"), ("c-1",)])
@pytest.mark.parametrize("token", ["wrong", "tökén"])
def test_a_wrong_token_is_reported(operated: Operated, token: str, words: tuple[str, ...]) -> None:
    """A wrong token is reported with the variable to set."""
    result = replay(operated.url, "--token", token, *words)
    assert result.exit_code == 2
    assert "401" in result.output
    assert "BRIDGE_API_TOKENS" in result.output


def test_a_missing_token_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token the command names both ways to give one."""
    monkeypatch.delenv("BRIDGE_API_TOKENS")
    result = replay("http://127.0.0.1:1", "--state", "failed")
    assert result.exit_code == 2
    assert "BRIDGE_API_TOKENS" in result.output


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "http://127.0.0.1:x", "nonsense"],  # the first port has no listener
)
def test_a_bridge_that_cannot_be_reached_is_reported(url: str) -> None:
    """A bridge that cannot be reached is reported with its URL, without a traceback."""
    result = replay(url, "--state", "failed")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert url in result.output


async def _no_json(_request: Request) -> Response:
    return PlainTextResponse("a proxy's page", 502)


async def _away(_request: Request) -> Response:
    return JSONResponse({"detail": "The store does not answer."}, 503)


@pytest.mark.parametrize(
    ("response", "message"), [(_no_json, "is no bridge: HTTP 502"), (_away, "503: The")]
)
@pytest.mark.parametrize("words", [("--state", "failed", "--yes"), ("c-1",)])
def test_a_foreign_response_is_reported(
    response: object, message: str, words: tuple[str, ...]
) -> None:
    """A response that is not the bridge's, or a 503, is reported."""
    app = Starlette(routes=[Route("/{rest:path}", response, methods=["POST"])])  # type: ignore[arg-type]  # any of several
    with serving(app) as root:
        result = replay(root, *words)
    assert result.exit_code == 2
    assert message in result.output
