"""The client of WAVV's REST API returns a value for every response."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import httpx
import pytest

from bridge.domain.retry import Failure, Trouble
from bridge.wavv.client import PAUSE, WavvClient, WavvOptions
from bridge.wavv.links import FreshLink, NoRecording, RecordingResponse
from tests.support.wavv_api import KEY, WavvRest, running_wavv

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
CALL = "0190f4b2-7c3e-7000-8000-000000000001"


@pytest.fixture
def rest() -> Iterator[WavvRest]:
    """Run WAVV's API with one recording."""
    with running_wavv() as running:
        running.ready.add(CALL)
        yield running


@pytest.fixture
def client(rest: WavvRest) -> Iterator[WavvClient]:
    """Give a client with the right key."""
    opened = WavvClient(WavvOptions(api_key=KEY, base_url=rest.url))
    yield opened
    opened.close()


def fetched(client: WavvClient, call_id: str = CALL, now: datetime = NOW) -> RecordingResponse:
    """Return the result of a batch of one call."""
    (respond,) = client.recordings([call_id], now)
    return respond


def failed(client: WavvClient, now: datetime = NOW) -> Failure:
    """Return the failure of the request for the call's recording."""
    respond = fetched(client, now=now)
    assert isinstance(respond, Failure)
    return respond


def test_a_link_is_fresh_each_time(client: WavvClient, rest: WavvRest) -> None:
    """A link is fresh each time, with its expiry if WAVV reports one."""
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    links = [fetched(client) for _ in range(2)]
    assert links == [FreshLink(url, expires) for url in rest.links]
    rest.expires_at = None
    assert fetched(client) == FreshLink(rest.links[-1])


def test_a_call_without_a_recording_is_no_failure(client: WavvClient) -> None:
    """A 404 is no failure: there is no recording yet, or no such call."""
    assert fetched(client, "other") == NoRecording()


@pytest.mark.parametrize(
    "call_id",
    ["a/b", "../users", "a?b=c", "a#b", "100%", "a%2Fb", "ümlaut ✓", "a~reject.2+x", "..a"],
)
def test_an_id_stays_one_part_of_the_path(client: WavvClient, rest: WavvRest, call_id: str) -> None:
    """An id is quoted, so that it stays one part of the path."""
    rest.ready.add(call_id)
    fetched(client, call_id)
    (requested,) = rest.requested
    assert [unquote(part) for part in requested.split("/")] == [
        "",
        "v3",
        "calls",
        call_id,
        "recording",
    ]


@pytest.mark.parametrize("call_id", ["", ".", ".."])
def test_an_id_that_would_lead_up_the_path_is_no_calls(
    client: WavvClient, rest: WavvRest, call_id: str
) -> None:
    """An id of dots sends no request, because dots cannot be quoted."""
    assert fetched(client, call_id) == NoRecording()
    assert rest.requested == []


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
    """Every other status, and a 200 without a link, is a failure with a reason."""
    rest.status, rest.headers = status, {"Retry-After": "7", "Location": f"{rest.url}/elsewhere"}
    failure = failed(client)
    assert (failure.trouble, failure.problem.reason, failure.problem.status) == (
        trouble,
        reason,
        status,
    )
    waits = status in {429, 500, 503, 302, 400}
    assert failure.retry_after == (timedelta(seconds=7) if waits else None)
    assert len(rest.requested) == 1


@pytest.mark.parametrize(
    ("status", "header", "pause"),
    [(401, None, PAUSE), (429, None, PAUSE), (429, "600", timedelta(minutes=10))],
)
def test_after_a_refusal_of_all_calls_requests_pause(
    client: WavvClient, rest: WavvRest, status: int, header: str | None, pause: timedelta
) -> None:
    """After a refusal of all calls no request is sent for a while."""
    rest.status, rest.headers = status, {"Retry-After": header} if header else {}
    first = failed(client)
    assert failed(client, NOW + pause - timedelta(seconds=1)) == first
    assert len(rest.requested) == 1
    rest.status = None
    assert isinstance(fetched(client, now=NOW + pause), FreshLink)


def test_every_call_of_a_batch_has_what_came_for_it(client: WavvClient, rest: WavvRest) -> None:
    """Each call of a batch has its own result, and an invalid id is not sent."""
    ids = ["other", CALL, "..", "another", ""]
    none, link, *more = client.recordings(ids, NOW)
    assert isinstance(link, FreshLink)
    assert [none, *more] == [NoRecording()] * 4
    assert sorted(rest.requested) == sorted(f"/v3/calls/{ids[at]}/recording" for at in (0, 1, 3))


def test_a_call_whose_request_fails_costs_no_other() -> None:
    """A request that fails does not affect the other calls of the batch."""

    def respond(request: httpx.Request) -> httpx.Response:
        if "unlucky" in request.url.path:
            raise httpx.ReadError("the connection broke")
        return httpx.Response(200, json={"url": f"https://recordings.example{request.url.path}"})

    client = WavvClient(WavvOptions(api_key=KEY), transport=httpx.MockTransport(respond))
    responses = client.recordings(["a", "unlucky", "b"], NOW)
    assert [type(one) for one in responses] == [FreshLink, Failure, FreshLink]
    assert [getattr(responses[at], "url", None) for at in (0, 2)] == [
        "https://recordings.example/v3/calls/a/recording",
        "https://recordings.example/v3/calls/b/recording",
    ]


def test_a_refusal_that_met_one_call_of_a_batch_pauses_the_next_batch(
    client: WavvClient, rest: WavvRest
) -> None:
    """After a refusal in a batch the next batch fails without a request."""
    rest.status = 429
    first = client.recordings([CALL, "other"], NOW)
    assert len(rest.requested) == 2
    assert client.recordings(["a", "b", "c"], NOW) == [first[0]] * 3
    assert len(rest.requested) == 2


def test_an_empty_batch_is_empty(client: WavvClient, rest: WavvRest) -> None:
    """An empty batch sends nothing."""
    assert client.recordings([], NOW) == []
    assert rest.requested == []


def test_an_outage_does_not_pause_requests(client: WavvClient, rest: WavvRest) -> None:
    """A server error does not stop later requests."""
    rest.status = 503
    failed(client)
    rest.status = None
    assert isinstance(fetched(client), FreshLink)


def test_a_key_that_no_header_can_carry_is_a_refused_one(rest: WavvRest) -> None:
    """A key that no header can carry is a refused one, and is not sent."""
    client = WavvClient(WavvOptions(api_key="key\r\nX-Forged: 1", base_url=rest.url))
    failure = failed(client)
    client.close()
    assert (failure.trouble, failure.problem.reason) == (Trouble.CREDENTIALS, "wavv_key_refused")
    assert rest.requested == []


def test_the_key_is_not_shown() -> None:
    """The options' text does not contain the key."""
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
    """An error of the network is a transient failure."""

    def respond(_: httpx.Request) -> httpx.Response:
        raise error("the words of the error")

    failure = failed(WavvClient(WavvOptions(api_key=KEY), transport=httpx.MockTransport(respond)))
    assert (failure.trouble, failure.problem.reason) == (Trouble.TRANSIENT, reason)


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
    """A 200 without an https link, or with a large body, is a failure."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    failure = failed(WavvClient(WavvOptions(api_key=KEY), transport=transport))
    assert (failure.trouble, failure.problem.reason) == (
        Trouble.TRANSIENT,
        "wavv_answer_unreadable",
    )


class Dripping(httpx.AsyncByteStream):
    """A body without end that comes byte by byte."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "


def test_a_response_that_drips_is_left_in_time() -> None:
    """A slow response is given up within the lease."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Dripping()))
    options = WavvOptions(api_key=KEY, read_timeout=0.2, connect_timeout=0.1, write_timeout=0.1)
    began = time.monotonic()
    assert failed(WavvClient(options, transport=transport)).problem.reason == "wavv_timeout"
    assert options.read_timeout <= time.monotonic() - began < options.longest_request + 5


def test_the_longest_request_is_short() -> None:
    """The longest request is short enough for the lease of a submission."""
    assert WavvOptions(api_key=KEY).longest_request == 2 * 3 + 2 + 5


def test_only_wavvs_api_gets_requests() -> None:
    """Only WAVV's API gets requests; the link itself is never fetched."""
    requested: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requested.append(str(request.url))
        return httpx.Response(200, json={"url": "https://elsewhere.example/a.mp3"})

    client = WavvClient(WavvOptions(api_key=KEY), transport=httpx.MockTransport(respond))
    assert isinstance(fetched(client), FreshLink)
    assert requested == [f"https://api.wavv.com/v3/calls/{CALL}/recording"]
