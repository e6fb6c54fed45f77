"""The client of WAVV's REST API, over real HTTP: every answer is a value."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from bridge.domain.retry import Failure, Trouble
from bridge.wavv.client import PAUSE, WavvClient, WavvOptions
from bridge.wavv.links import FreshLink, NoRecording
from tests.wavv_rest import KEY, WavvRest, running_wavv

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
CALL = "0190f4b2-7c3e-7000-8000-000000000001"


@pytest.fixture
def rest() -> Iterator[WavvRest]:
    """Run WAVV's API; one call has a recording."""
    with running_wavv() as running:
        running.ready.add(CALL)
        yield running


@pytest.fixture
def client(rest: WavvRest) -> Iterator[WavvClient]:
    """Give a client with the right key."""
    opened = WavvClient(WavvOptions(api_key=KEY, base_url=rest.url))
    yield opened
    opened.close()


def failed(client: WavvClient, now: datetime = NOW) -> Failure:
    """Return how asking for the call's recording fails."""
    answer = client.recording(CALL, now)
    assert isinstance(answer, Failure)
    return answer


def test_a_link_is_fresh_each_time(client: WavvClient, rest: WavvRest) -> None:
    """With the time at which it expires, where WAVV tells it."""
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    links = [client.recording(CALL, NOW) for _ in range(2)]
    assert links == [FreshLink(url, expires) for url in rest.links]
    rest.expires_at = None
    assert client.recording(CALL, NOW) == FreshLink(rest.links[-1])


def test_a_call_without_a_recording_is_no_failure(client: WavvClient) -> None:
    """404: none yet, or no such call."""
    assert client.recording("other", NOW) == NoRecording()


@pytest.mark.parametrize(
    "call_id",
    ["a/b", "../users", "a?b=c", "a#b", "100%", "a%2Fb", "ümlaut ✓", "a~reject.2+x", "..a"],
)
def test_an_id_stays_one_part_of_the_path(client: WavvClient, rest: WavvRest, call_id: str) -> None:
    """Ids come from outside: none may reach another route."""
    rest.ready.add(call_id)
    client.recording(call_id, NOW)
    assert rest.asked == [f"/v3/calls/{quote(call_id, safe='')}/recording"]


@pytest.mark.parametrize("call_id", ["", ".", ".."])
def test_an_id_that_would_lead_up_the_path_is_no_calls(
    client: WavvClient, rest: WavvRest, call_id: str
) -> None:
    """Dots cannot be quoted: nothing is asked."""
    assert client.recording(call_id, NOW) == NoRecording()
    assert rest.asked == []


@pytest.mark.parametrize(
    ("status", "trouble", "reason"),
    [
        (401, Trouble.CREDENTIALS, "wavv_key_refused"),
        (403, Trouble.CREDENTIALS, "wavv_key_refused"),
        (429, Trouble.THROTTLED, "wavv_throttled"),
        (500, Trouble.TRANSIENT, "wavv_error"),
        (503, Trouble.TRANSIENT, "wavv_error"),
        (302, Trouble.TRANSIENT, "wavv_error"),
        (400, Trouble.TRANSIENT, "wavv_error"),
        (200, Trouble.TRANSIENT, "wavv_answer_unreadable"),
    ],
)
def test_every_other_status_is_a_failure_with_a_reason(
    client: WavvClient, rest: WavvRest, status: int, trouble: Trouble, reason: str
) -> None:
    """Never an exception; a 200 without a link is none."""
    rest.status, rest.headers = status, {"Retry-After": "7", "Location": f"{rest.url}/elsewhere"}
    told = failed(client)
    assert (told.trouble, told.problem.reason, told.problem.status) == (trouble, reason, status)
    waits = status in {429, 500, 503, 302, 400}
    assert told.retry_after == (timedelta(seconds=7) if waits else None)
    assert len(rest.asked) == 1


@pytest.mark.parametrize(
    ("status", "header", "pause"),
    [(401, None, PAUSE), (429, None, PAUSE), (429, "600", timedelta(minutes=10))],
)
def test_what_meets_every_call_is_not_asked_again_for_a_while(
    client: WavvClient, rest: WavvRest, status: int, header: str | None, pause: timedelta
) -> None:
    """A thousand calls without a link must not hammer an API that said no."""
    rest.status, rest.headers = status, {"Retry-After": header} if header else {}
    first = failed(client)
    assert failed(client, NOW + pause - timedelta(seconds=1)) == first
    assert len(rest.asked) == 1
    rest.status = None
    assert isinstance(client.recording(CALL, NOW + pause), FreshLink)


def test_an_outage_is_asked_again_at_once(client: WavvClient, rest: WavvRest) -> None:
    """One call's trouble says nothing of the next."""
    rest.status = 503
    failed(client)
    rest.status = None
    assert isinstance(client.recording(CALL, NOW), FreshLink)


def test_a_key_that_no_header_can_carry_is_a_refused_one(rest: WavvRest) -> None:
    """It is not sent."""
    client = WavvClient(WavvOptions(api_key="key\r\nX-Forged: 1", base_url=rest.url))
    told = failed(client)
    client.close()
    assert (told.trouble, told.problem.reason) == (Trouble.CREDENTIALS, "wavv_key_refused")
    assert rest.asked == []


def test_the_key_is_not_shown() -> None:
    """Options end up in logs and tracebacks."""
    assert KEY not in repr(WavvOptions(api_key=KEY))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectTimeout, "wavv_timeout"),
        (httpx.PoolTimeout, "wavv_timeout"),
        (httpx.ReadTimeout, "wavv_timeout"),
        (httpx.ConnectError, "wavv_unreachable"),
        (httpx.RemoteProtocolError, "wavv_unreachable"),
    ],
)
def test_trouble_on_the_network_is_transient(
    error: type[httpx.TransportError], reason: str
) -> None:
    """And no exception."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise error("the words of the error")

    told = failed(WavvClient(WavvOptions(api_key=KEY), transport=httpx.MockTransport(answer)))
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, reason)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"{}", b'{"url": null}', b'{"url": 5}', b'{"url": "/a.mp3"}',
        b'{"url": "http://recordings.example.com/a.mp3"}', b'{"url": "javascript:alert(1)"}',
        b'{"url": "https://"}', b'{"url": "https://10.0.0.1/a.mp3"}', b" " * (64 * 1024 + 1),
        b"[" * 1000,
    ],
    ids=lambda body: body[:45].decode().strip()[:45] or str(len(body)),
)  # fmt: skip
def test_a_success_without_an_https_link_is_unreadable(body: bytes) -> None:
    """Nor is more read than any link is long."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    told = failed(WavvClient(WavvOptions(api_key=KEY), transport=transport))
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, "wavv_answer_unreadable")


def test_an_answer_that_drips_is_left_in_time() -> None:
    """The lease counts on it."""
    seconds = iter(range(100))
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=iter(b" " for _ in range(100)))
    )
    client = WavvClient(
        WavvOptions(api_key=KEY), transport=transport, clock=lambda: float(next(seconds))
    )
    assert failed(client).problem.reason == "wavv_timeout"
    assert next(seconds) <= WavvOptions(api_key=KEY).longest_request


def test_nothing_is_asked_but_wavvs_api() -> None:
    """The link is handed on, never opened: what an answer names is never fetched from here."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"url": "https://elsewhere.example/a.mp3"})

    client = WavvClient(WavvOptions(api_key=KEY), transport=httpx.MockTransport(answer))
    assert isinstance(client.recording(CALL, NOW), FreshLink)
    assert asked == [f"https://api.wavv.com/v3/calls/{CALL}/recording"]
