"""``bridge send``, to a real web process and to a server that records requests."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from bridge.cli import main
from bridge.supervise.embedded import free_port
from bridge.wavv.signature import verify_signature
from config.environment import OPERATORS_OWN
from tests.support.sandbox import serving
from tests.support.web_process import WAVV_SECRET, running_web, svix_signed

ODD_BODY = '{"event":  "call.ended", "data": {"id": "c-é"}}\n'
NOT_TEXT = b"\xff\xfe\x00{"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def send(url: str, *words: str) -> Result:
    """Run ``bridge send``, without the log lines of the web process."""
    with capture_logs():
        return CliRunner().invoke(main, ["send", "--url", url, *words])


@pytest.mark.parametrize(
    ("channel", "auth"), [("v3", "signature"), ("sdk", "shared_secret"), ("crm", "shared_secret")]
)
@pytest.mark.parametrize(("words", "events"), [((), 6), (("--unrecorded",), 4)])
def test_every_channels_events_are_accepted(
    valkey_url: str, channel: str, auth: str, words: tuple[str, ...], events: int
) -> None:
    """The bridge accepts the events of every channel."""
    with running_web(valkey_url, wavv_auth=auth) as web:
        options = ("--channel", channel, "--secret", WAVV_SECRET, "--count", "2", *words)
        sent = send(str(web.client.base_url), *options)
        *named, summary = sent.output.splitlines()
        assert (sent.exit_code, summary) == (0, f"{events} of {events} events accepted")
        assert len(web.stored()) == events
        stored = b"".join(web.stored()).decode()
        assert [line.startswith("bridge why ") for line in named] == [True, True]
        assert all(line.removeprefix("bridge why ") in stored for line in named)


def test_many_calls_are_not_all_listed(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first calls are named, and the others are counted."""
    monkeypatch.setattr("bridge.cli.send.SHOWN", 1)
    with running_web(valkey_url) as web:
        sent = send(str(web.client.base_url), "--secret", WAVV_SECRET, "--count", "3")
    assert sent.output.splitlines()[1:] == ["... and 2 more calls", "9 of 9 events accepted"]


def test_an_unknown_behaviour_is_refused_with_the_list() -> None:
    """A mistyped behaviour would send a call that the sandbox treats as a good one."""
    sent = send("http://127.0.0.1:9", "--secret", "s", "--behaviour", "own403")
    assert sent.exit_code == 2
    assert "no such behaviour: own403" in sent.output
    assert "own-403" in sent.output


def test_a_seed_makes_the_same_calls_again(valkey_url: str) -> None:
    """The same seed makes calls with the same names and numbers, at other times."""
    with running_web(valkey_url) as web:
        for _ in range(2):
            words = ("--secret", WAVV_SECRET, "--seed", "25")
            assert send(str(web.client.base_url), *words).exit_code == 0
        leads = [json.loads(raw)["data"]["contactId"] for raw in web.stored()]
    assert len(leads) == 6
    assert len(set(leads)) == 1


def test_a_behaviour_is_in_the_calls_id(valkey_url: str) -> None:
    """A behaviour becomes part of the call's id, where the sandbox reads it."""
    with running_web(valkey_url) as web:
        send(str(web.client.base_url), "--secret", WAVV_SECRET, "--behaviour", "no-webhook")
        ids = {json.loads(raw)["data"]["id"] for raw in web.stored()}
    assert [one.partition("~")[2] for one in ids] == ["no-webhook"]


def test_the_secret_is_the_first_of_the_settings(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During a rotation the events are signed with the first secret of the settings."""
    monkeypatch.setenv("BRIDGE_WAVV_SECRETS", f"{WAVV_SECRET},whsec_retired")
    with running_web(valkey_url) as web:
        assert send(str(web.client.base_url)).exit_code == 0


def test_refusals_are_printed_with_the_bridges_detail(valkey_url: str) -> None:
    """Each refused event is one line with the bridge's detail, and the exit code is 1."""
    with running_web(valkey_url) as web:
        sent = send(str(web.client.base_url), "--secret", "whsec_wrong")
    assert sent.exit_code == 1
    *refusals, summary = sent.output.splitlines()
    assert summary == "0 of 3 events accepted"
    assert [line.partition(": ")[0] for line in refusals] == ["401"] * 3
    assert all(line.partition(": ")[2] for line in refusals)
    assert "whsec" not in sent.output


def test_an_unreachable_bridge_is_reported() -> None:
    """A bridge that cannot be reached is reported without a traceback."""
    sent = send(f"http://127.0.0.1:{free_port()}", "--secret", "s")
    assert sent.exit_code == 1
    assert sent.output.splitlines()[0].startswith("no response: ConnectError")
    assert sent.output.splitlines()[-1] == "0 of 3 events accepted"


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret_is_reported_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """A missing secret is reported with the variable's name, and nothing is sent."""
    if value is not None:
        monkeypatch.setenv("BRIDGE_WAVV_SECRETS", value)
    sent = send("http://127.0.0.1:1")
    assert sent.exit_code == 2
    assert "give --secret, or set BRIDGE_WAVV_SECRETS" in one_line(sent)


def test_bad_settings_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad settings are reported, because the secret would come from them."""
    monkeypatch.setenv("BRIDGE_WAVV_AUTH", "none")
    sent = send("http://127.0.0.1:1")
    assert sent.exit_code == 2
    assert "BRIDGE_WAVV_AUTH" in one_line(sent)


@dataclass
class Record:
    """A server that accepts and records every request."""

    url: str = ""
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Record one request."""
        path = str(request.url).removeprefix(self.url)
        self.requests.append((path, request.headers, await request.body()))
        return Response(status_code=202)


@contextmanager
def recording() -> Iterator[Record]:
    """Run such a server."""
    record = Record()
    app = Starlette(routes=[Route("/{rest:path}", record.take, methods=["POST"])])
    with serving(app) as root:
        record.url = root
        yield record


def capture(path: Path, *deliveries: Mapping[str, object]) -> str:
    """Write a capture; return its name."""
    path.write_text("".join(f"{json.dumps(one)}\n" for one in deliveries), encoding="utf-8")
    return path.name


def test_a_capture_is_sent_byte_for_byte(tmp_path: Path) -> None:
    """A capture is sent byte for byte with its own signature, also with a binary body."""
    headers = {"Content-Type": "application/json", "X-WAVV-Signature": "t=1,v1=00", "Host": "old"}
    name = capture(
        tmp_path / "capture.jsonl",
        {"path": "/webhooks/wavv?secret=x", "headers": headers, "body": ODD_BODY},
        {"path": "/webhooks/askelephant", "body_base64": b64encode(NOT_TEXT).decode()},
    )
    with recording() as record:
        sent = send(record.url, "--replay", name)
        assert (sent.exit_code, sent.output) == (0, "2 of 2 events accepted\n")
    (wavv, elephant) = record.requests
    assert (wavv[0], wavv[2]) == ("/webhooks/wavv?secret=x", ODD_BODY.encode())
    assert wavv[1]["x-wavv-signature"] == "t=1,v1=00"
    assert wavv[1]["host"] in record.url
    assert (elephant[0], elephant[2]) == ("/webhooks/askelephant", NOT_TEXT)


def test_a_capture_of_wavvs_is_signed_again_with_resign(tmp_path: Path) -> None:
    """With ``--resign`` WAVV's events get a new signature, and AskElephant's keep theirs."""
    svix = svix_signed(b"{}")
    name = capture(
        tmp_path / "capture.jsonl",
        {"path": "/webhooks/wavv", "headers": {"x-wavv-signature": "t=1,v1=0"}, "body": ODD_BODY},
        {"path": "/webhooks/askelephant", "headers": svix, "body": "{}"},
    )
    with recording() as record:
        words = ("--replay", name, "--resign", "--secret", WAVV_SECRET)
        assert send(record.url, *words).exit_code == 0
    (_, wavv, body), (_, elephant, _) = record.requests
    assert body == ODD_BODY.encode()
    stamp = float(wavv["x-wavv-signature"].split(",")[0].removeprefix("t="))
    verify_signature(wavv["x-wavv-signature"], body, [WAVV_SECRET], stamp, 0)
    assert stamp > 1
    assert {name: elephant[name] for name in svix} == svix
    assert "x-wavv-signature" not in elephant


def test_a_bad_line_is_reported_with_its_number(tmp_path: Path) -> None:
    """A bad line of a capture is reported with its number, and nothing is sent."""
    name = capture(
        tmp_path / "capture.jsonl", {"path": "/webhooks/wavv", "body": "{}"}, {"path": "/w"}
    )
    with recording() as record:
        sent = send(record.url, "--replay", name)
    assert sent.exit_code == 2
    assert "capture.jsonl: line 2: " in one_line(sent)
    assert not record.requests


def test_a_missing_capture_is_reported() -> None:
    """A capture that does not exist is reported with its name."""
    sent = send("http://127.0.0.1:1", "--replay", "missing.jsonl")
    assert sent.exit_code == 2
    assert "missing.jsonl" in one_line(sent)


@pytest.mark.parametrize("words", [("--count", "0"), ("--channel", "v2"), ("--seed", "x")])
def test_options_that_make_no_sense_are_refused(words: tuple[str, ...]) -> None:
    """Options that exclude each other are refused by name, and nothing is sent."""
    sent = send("http://127.0.0.1:1", "--secret", "s", *words)
    assert sent.exit_code == 2
    assert words[0] in one_line(sent)


def one_line(sent: Result) -> str:
    """Return the output on one line, because the terminal's width wraps it."""
    return " ".join(sent.output.split())
