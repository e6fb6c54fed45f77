"""``bridge calls``, ``dead-letters``, ``stats`` and ``reasons``, on a real Valkey and HTTP."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from bridge.cli import main, tail
from bridge.domain.call import RESTING, Kind, State
from bridge.pipeline import events
from bridge.reasons import Reason
from bridge.web.app import build_app, with_ingress
from config.environment import OPERATORS_OWN
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import break_on
from tests.support.sandbox import serving
from tests.support.web_process import TOKEN

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings, and set the bridge's token."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIDGE_API_TOKENS", TOKEN)


def run(url: str, *words: str, columns: int = 80) -> Result:
    """Run ``bridge`` with these arguments, without the log lines of the web process."""
    with capture_logs():
        return CliRunner().invoke(main, [*words, "--url", url], env={"COLUMNS": str(columns)})


def test_a_table_has_state_wait_lead_and_cause_of_each_call(operated: Operated) -> None:
    """The newest call is first. The table fits 80 columns, and no id is cut."""
    calls = operated.fail(2)
    listed = run(operated.url, "calls", "list")
    head, *lines = listed.output.splitlines()
    assert (listed.exit_code, head.split()) == (0, ["CALL", "STATE", "WAITS", "FOR", "LEAD"])
    assert [line.split()[:3] for line in lines[::2]] == [
        [call.call_id, "failed", "operator"] for call in reversed(calls)
    ]
    assert lines[0].endswith(calls[1].lead_name[:5]) or calls[1].lead_name[:5] in lines[0]
    assert lines[1].startswith("    The call failed. AskElephant rejected the request.")
    assert max(map(len, (head, *lines))) <= 80


@pytest.mark.parametrize("columns", [50, 60])
def test_a_narrow_table_cuts_neither_ids_nor_states(operated: Operated, columns: int) -> None:
    """Rows that do not fit are wrapped."""
    calls = operated.fail(1)
    listed = run(operated.url, "calls", "list", columns=columns)
    assert max(map(len, listed.output.splitlines())) <= columns
    for word in (calls[0].call_id, "failed", "operator"):
        assert word in listed.output.split()


def test_json_is_a_line_for_each_call(operated: Operated) -> None:
    """Each line is the call as the API lists it."""
    operated.fail(2)
    listed = run(operated.url, "calls", "list", "--json")
    expected = operated.http.get("/api/calls").json()["data"]
    assert [json.loads(line) for line in listed.output.splitlines()] == expected


def test_filters_are_those_of_the_api(operated: Operated) -> None:
    """Each option becomes the parameter of the same name; a limit holds over pages."""
    first, second, third = operated.fail(3)
    since, until = (operated.records([call])[0].created_at.isoformat() for call in (second, third))
    for words, found in (
        (("--state", "failed", "--limit", "2"), [third, second]),
        (("--reason", "rejected", "--since", since), [third, second]),
        (("--q", first.call_id, "--until", until), [first]),
    ):
        listed = run(operated.url, "calls", "list", "--json", *words)
        ids = [json.loads(line)["call_id"] for line in listed.output.splitlines()]
        assert ids == [call.call_id for call in found]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--state", "complete"), 1, "No call matches."),
        (("--extra-recordings",), 1, "No call matches."),
        (("--state", "faild"), 2, "Did you mean `failed`?"),
        (("--token", "wrong"), 2, "401"),
    ],
)
def test_a_list_without_calls_has_an_exit_code(
    operated: Operated, words: tuple[str, ...], code: int, text: str
) -> None:
    """1 if nothing is found, 2 if the API rejects the request, with its text."""
    operated.fail(1)
    listed = run(operated.url, "calls", "list", *words)
    assert listed.exit_code == code
    assert text in listed.output


def test_show_is_bridge_why(operated: Operated) -> None:
    """``bridge calls show`` has the output and the exit codes of ``bridge why``."""
    (call,) = operated.fail(1)
    shown, why = (
        run(operated.url, *words, call.call_id, "--json") for words in (("calls", "show"), ("why",))
    )
    assert (shown.exit_code, shown.output) == (3, why.output)


@pytest.mark.parametrize(
    "words",
    [
        ("calls", "list"), ("calls", "show", "c-1"), ("calls", "tail"), ("stats",),
        ("dead-letters", "list"), ("dead-letters", "show", "1-1"), ("dead-letters", "retry", "1-1"),
    ],
)  # fmt: skip
def test_a_bridge_that_does_not_respond_is_one_line(words: tuple[str, ...]) -> None:
    """Exit code 2 and the URL, without a traceback."""
    result = run(NOWHERE, *words)
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert NOWHERE in result.output


Step = Callable[[], object]


@pytest.fixture
def between_polls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Step]]:
    """Give a list of steps. One runs after each poll; after the last one Ctrl-C is pressed."""
    steps: list[Step] = []

    def next_step(_seconds: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr(tail, "sleep", next_step)
    yield steps
    assert steps == []


def test_a_tail_has_a_line_for_each_change(operated: Operated, between_polls: list[Step]) -> None:
    """It is connected first, and reports no call that does not change after its start."""
    (failed,) = operated.fail(1)
    operated.accept_all()
    call = operated.bridge.dial()

    def receive() -> None:
        operated.bridge.receive(call, Kind.STARTED, Kind.ENDED)
        operated.bridge.drain()

    def replay() -> None:
        operated.http.post(f"/api/calls/{failed.call_id}/replay")

    between_polls += [receive, replay, lambda: None]
    followed = run(operated.url, "calls", "tail")
    connected, *lines = followed.output.splitlines()
    assert (followed.exit_code, connected) == (130, f"connected to {operated.url}")
    assert [line.split()[2:] for line in lines] == [
        [call.call_id, "ended"],
        [failed.call_id, "recorded"],
    ]


def test_a_tail_reports_the_end_of_a_call_that_is_not_among_the_newest(
    operated: Operated, between_polls: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiting call that leaves its list is read alone."""
    monkeypatch.setattr(tail, "PAGE", 1)
    old = operated.bridge.dial()
    operated.bridge.receive(old, Kind.STARTED, Kind.ENDED, Kind.RECORDED)
    operated.bridge.drain()
    operated.bridge.clock.wait(seconds=1)
    new = operated.bridge.dial()
    operated.bridge.receive(new, Kind.STARTED)
    operated.bridge.drain()

    def fail() -> None:
        operated.bridge.services.calls.update(
            old.call_id, lambda found: found and found.but(state=State.FAILED, reason="rejected")
        )

    between_polls += [fail]
    followed = run(operated.url, "calls", "tail", "--json")
    (line,) = [line for line in followed.output.splitlines() if line.startswith("{")]
    change = json.loads(line)
    assert (change["call_id"], change["before"], change["state"]) == (
        old.call_id,
        "recorded",
        "failed",
    )
    assert change["reason"] == "rejected"


def test_a_tail_survives_a_restart_of_the_web_process(
    operated: Operated, valkey_url: str, between_polls: list[Step]
) -> None:
    """While the web process is stopped one line reports it; a change in between is not lost."""
    (call,) = operated.fail(1)
    with ExitStack() as web:

        def start(port: int = 0) -> str:
            app = with_ingress(build_app(operated.bridge.services, valkey_url))
            return web.enter_context(serving(app, port=port))

        def replay() -> None:
            operated.http.post(f"/api/calls/{call.call_id}/replay")

        url = start()
        port = int(url.rpartition(":")[2])
        between_polls += [web.close, replay, lambda: start(port), lambda: None]
        followed = run(url, "calls", "tail")
    connected, away, again, change = followed.output.splitlines()
    assert connected == again == f"connected to {url}"
    assert away.startswith(f"no response from {url}: ")
    assert away.endswith(". Trying again every 2 s.")
    assert change.split()[2:] == [call.call_id, "recorded"]


def test_waiting_states_are_those_that_go_on_without_an_operator() -> None:
    """The command repeats the states, so that its help loads no heavy library."""
    assert set(tail.WAITING) == set(State) - RESTING


def test_dead_letters_are_listed_shown_and_processed_again(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead letter is an exit code for scripts; its body is shown; a retry is not repeated."""
    none = run(operated.url, "dead-letters", "list")
    assert (none.exit_code, none.output) == (0, "There are no dead letters.\n")
    call = operated.bridge.dial()
    (entry,) = operated.bridge.receive(call, Kind.ENDED)
    with monkeypatch.context() as broken, capture_logs():
        break_on(broken, call.call_id)
        for _ in range(events.TRIES):
            operated.bridge.drain()
            operated.bridge.age(entry)
    (letter,) = operated.http.get("/api/events/set-aside").json()
    listed = run(operated.url, "dead-letters", "list")
    assert listed.exit_code == 1
    assert f"{letter['id']}  " in listed.output
    assert "wavv: ZeroDivisionError: a bug of ours" in " ".join(listed.output.split())
    as_json = run(operated.url, "dead-letters", "list", "--json")
    assert json.loads(as_json.output) == letter
    shown = run(operated.url, "dead-letters", "show", letter["id"])
    assert shown.exit_code == 0
    assert letter["raw"] in shown.output
    assert f"bridge dead-letters retry {letter['id']}" in shown.output
    assert json.loads(run(operated.url, "dead-letters", "show", letter["id"], "--json").output)
    retried = run(operated.url, "dead-letters", "retry", letter["id"])
    assert (retried.exit_code, retried.output) == (0, f"{letter['id']}: in the inbox again\n")
    again = run(operated.url, "dead-letters", "retry", letter["id"], "--json")
    assert again.exit_code == 1
    assert json.loads(again.output) == {"id": letter["id"], "retried": False}
    gone = run(operated.url, "dead-letters", "show", letter["id"])
    assert (gone.exit_code, letter["id"] in gone.output) == (1, True)


def test_stats_show_states_and_what_waits(operated: Operated) -> None:
    """The screen has the numbers of the API, and fits 80 columns."""
    operated.fail(2)
    shown = run(operated.url, "stats")
    lines = [line.split() for line in shown.output.splitlines()]
    assert shown.exit_code == 0
    assert ["2", "failed"] in lines
    assert "requests held: no" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    document = json.loads(run(operated.url, "stats", "--json").output)
    assert document["states"]["failed"] == 2


def reasons(*words: str) -> Result:
    """Run ``bridge reasons``."""
    return CliRunner().invoke(main, ["reasons", *words], env={"COLUMNS": "80"})


def test_every_reason_is_printed_with_its_meaning() -> None:
    """The texts are those of the documents, without Markdown."""
    printed = reasons()
    assert printed.exit_code == 0
    assert max(map(len, printed.output.splitlines())) <= 80
    slugs = {line.split()[0] for line in printed.output.splitlines() if not line.startswith(" ")}
    assert slugs == {reason for reason in Reason if reason.rows}
    assert "`" not in printed.output
    documents = [json.loads(line) for line in reasons("--json").output.splitlines()]
    assert {one["reason"] for one in documents} == slugs
    assert len(documents) == sum(len(reason.rows) for reason in Reason)


def test_one_reason_is_printed_or_the_nearest_is_named() -> None:
    """Exit code 1 if there is no such reason."""
    assert reasons("too_short").output.startswith("too_short  (")
    unknown = reasons("to_short")
    assert unknown.exit_code == 1
    assert "Did you mean `too_short`?" in unknown.output
