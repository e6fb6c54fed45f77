"""The client asks as AskElephant documents it, and returns values whatever comes back."""

import asyncio
import gzip
import itertools
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bridge import __version__
from bridge.askelephant.client import ElephantClient, ElephantOptions, Outcome
from bridge.askelephant.models import Engagement
from bridge.domain.engagement import EngagementRequest
from bridge.domain.retry import Failure, Trouble

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)
KEY = "sk-apik_1.secret"
REQUEST = EngagementRequest(
    title="Sales call",
    external_id="wavv-call-1",
    media_url="https://recordings.example.com/1.mp3",
    external_url="wavv://call/1",
    run_workflows=True,
)
Answer = Callable[[httpx.Request], httpx.Response]


def engagement(_: httpx.Request) -> httpx.Response:
    """Answer as AskElephant does."""
    return httpx.Response(201, json={"id": "ngmt_1", "action_items": [{"id": "ai_1"}]})


def client(answer: Answer = engagement, **options: Any) -> ElephantClient:  # noqa: ANN401 - options
    """Return a client that speaks to ``answer``."""
    chosen = ElephantOptions(**{"api_key": KEY, **options})
    return ElephantClient(chosen, transport=httpx.MockTransport(answer), now=lambda: NOW)


def asked(ask: Callable[[ElephantClient], object], **options: Any) -> httpx.Request:  # noqa: ANN401 - of many types
    """Return the request that ``ask`` makes."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return engagement(request)

    ask(client(answer, **options))
    return requests[0]


def outcomes(groups: Iterable[list[tuple[int, Outcome]]]) -> list[Outcome]:
    """Return the outcomes of a batch in the order of its requests."""
    came = [one for group in groups for one in group]
    assert sorted(place for place, _ in came) == list(range(len(came)))
    return [dict(came)[place] for place in range(len(came))]


def created(elephant: ElephantClient) -> Outcome:
    """Return the outcome of a batch of one call."""
    (outcome,) = outcomes(elephant.create([REQUEST]))
    return outcome


def read(elephant: ElephantClient, engagement_id: str = "ngmt_1") -> Outcome:
    """Return the outcome of a batch of one engagement."""
    (outcome,) = outcomes(elephant.read([engagement_id]))
    return outcome


def failed(outcome: Outcome) -> Failure:
    """Return the outcome, which must be a failure."""
    assert isinstance(outcome, Failure)
    return outcome


def test_a_call_is_submitted_as_documented() -> None:
    """POST, JSON, the raw key, and who we are."""
    request = asked(created)
    assert request.method == "POST"
    assert str(request.url) == "https://app.askelephant.ai/api/v2/engagements"
    assert request.headers["authorization"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"wavv-askelephant-bridge/{__version__}"
    assert json.loads(request.content)["external_id"] == "wavv-call-1"


def test_an_oauth_token_goes_with_its_prefix() -> None:
    """The scheme is a setting; API keys go without (the default)."""
    request = asked(created, auth_scheme="bearer")
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("expand", "query"),
    [(("action_items", "signals"), "?expand=action_items,signals"), (("tags",), "?expand=tags")],
)
def test_insights_are_asked_for_as_documented(expand: tuple[str, ...], query: str) -> None:
    """The commas stay commas."""
    request = asked(read, expand=expand)
    assert request.method == "GET"
    assert str(request.url) == f"https://app.askelephant.ai/api/v2/engagements/ngmt_1{query}"


def test_without_expand_the_plain_engagement_is_read() -> None:
    """An empty query is not sent."""
    request = asked(read, expand=(), base_url="http://x/api/")
    assert str(request.url) == "http://x/api/v2/engagements/ngmt_1"


def test_every_timeout_is_explicit() -> None:
    """Minutes only for the answer: AskElephant downloads the recording before it sends one."""
    request = asked(created, read_timeout=90.0)
    expected = {"connect": 10.0, "read": 90.0, "write": 30.0, "pool": 10.0}
    assert request.extensions["timeout"] == expected


def test_what_came_is_returned() -> None:
    """An engagement with its insights, and whether this request made it."""
    outcome = created(client())
    assert isinstance(outcome, Engagement)
    assert (outcome.id, outcome.created) == ("ngmt_1", True)
    assert outcome.insights == {"action_items": [{"id": "ai_1"}]}


def test_a_packed_answer_is_read() -> None:
    """Transcripts are long, and pack well."""
    packed = gzip.compress(b'{"id": "ngmt_1"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))

    assert isinstance(read(client(answer)), Engagement)


def unreachable(_: httpx.Request) -> httpx.Response:
    """Return what no test expects: an engagement, had a request been made."""
    return httpx.Response(200, json={"id": "ngmt_unexpected"})


@pytest.mark.parametrize("key", [None, "", "key with spaces", "key\r\nX-Forged: 1", "schlüssel"])
def test_without_a_key_nothing_is_asked(key: str | None) -> None:
    """A key that is missing or fits no header holds all calls, as a refused one does."""
    told = failed(created(client(unreachable, api_key=key)))
    assert (told.trouble, told.problem.reason) == (Trouble.CREDENTIALS, "credentials_missing")


@pytest.mark.parametrize("engagement_id", ["", "../users", "ngmt_1/x", "ngmt_1?x=1", "ngmt_1\n"])
def test_an_id_that_is_none_never_becomes_part_of_a_url(engagement_id: str) -> None:
    """What is not an engagement's id is refused here."""
    told = failed(read(client(unreachable), engagement_id))
    assert (told.trouble, told.problem.reason) == (Trouble.REJECTED, "engagement_id_invalid")


def test_ids_that_are_none_cost_no_other_in_their_batch() -> None:
    """Every outcome comes at the place of its id."""
    requests: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.path)
        return httpx.Response(200, json={"id": request.url.path.rpartition("/")[2]})

    ids = ["../users", "ngmt_1", "", "ngmt_2"]
    came = outcomes(client(answer).read(ids))
    assert [getattr(one, "id", None) for one in came] == [None, "ngmt_1", None, "ngmt_2"]
    assert {failed(came[place]).problem.reason for place in (0, 2)} == {"engagement_id_invalid"}
    assert sorted(requests) == ["/api/v2/engagements/ngmt_1", "/api/v2/engagements/ngmt_2"]


def test_the_calls_of_a_batch_are_submitted_each_with_its_outcome() -> None:
    """One that is rejected costs no other."""

    def answer(request: httpx.Request) -> httpx.Response:
        external_id = json.loads(request.content)["external_id"]
        if external_id == "wavv-call-1":
            return httpx.Response(503)
        return httpx.Response(201, json={"id": f"ngmt_{external_id[-1]}"})

    calls = [
        REQUEST.model_copy(update={"external_id": f"wavv-call-{number}"}) for number in range(4)
    ]
    came = outcomes(client(answer).create(calls))
    assert [getattr(one, "id", None) for one in came] == ["ngmt_0", None, "ngmt_2", "ngmt_3"]
    assert failed(came[1]).trouble is Trouble.TRANSIENT


def test_an_empty_batch_has_no_outcome() -> None:
    """Nothing is sent."""
    assert outcomes(client(unreachable).create([])) == []
    assert outcomes(client(unreachable).read([])) == []


def test_without_a_key_every_request_of_a_batch_fails() -> None:
    """Each at its place."""
    came = outcomes(client(unreachable, api_key=None).read(["ngmt_1", "../x", "ngmt_2"]))
    assert {failed(one).problem.reason for one in came} == {"credentials_missing"}
    assert len(came) == 3


def test_the_key_is_not_shown() -> None:
    """Options end up in logs and tracebacks."""
    assert KEY not in repr(ElephantOptions(api_key=KEY))


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//", "http://[", "ftp://x", ""])
def test_a_redirect_is_not_followed(target: str) -> None:
    """The key would go wherever the answer says; a target that is no URL raises nothing either."""
    requests = itertools.count()

    def answer(_: httpx.Request) -> httpx.Response:
        next(requests)
        return httpx.Response(302, headers={"Location": target})

    assert failed(created(client(answer))).trouble is Trouble.TRANSIENT
    assert next(requests) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectTimeout, "askelephant_timeout"),
        (httpx.ReadTimeout, "askelephant_timeout"),
        (httpx.WriteTimeout, "askelephant_timeout"),
        (httpx.PoolTimeout, "askelephant_timeout"),
        (httpx.ConnectError, "askelephant_unreachable"),
        (httpx.ReadError, "askelephant_unreachable"),
        (httpx.WriteError, "askelephant_unreachable"),
        (httpx.CloseError, "askelephant_unreachable"),
        (httpx.ProxyError, "askelephant_unreachable"),
        (httpx.RemoteProtocolError, "askelephant_unreachable"),
        (httpx.LocalProtocolError, "askelephant_unreachable"),
        (httpx.UnsupportedProtocol, "askelephant_unreachable"),
    ],
)
def test_trouble_on_the_network_is_transient(
    error: type[httpx.TransportError], reason: str
) -> None:
    """The request may have succeeded or not: the same ``external_id`` makes it safe to repeat."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise error("the words of the error")

    told = failed(created(client(answer)))
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, reason)
    assert told.problem.detail == f"{error.__name__}: the words of the error"


def test_an_answer_beyond_the_limit_is_unreadable() -> None:
    """A body larger than any engagement is not one."""
    told = failed(created(client(max_answer_bytes=10)))
    assert told.problem.reason == "askelephant_answer_unreadable"
    assert told.trouble is Trouble.TRANSIENT


def test_retry_after_is_counted_from_now() -> None:
    """A date in ``Retry-After`` becomes a wait."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "Wed, 13 May 2026 15:00:00 GMT"})

    assert failed(read(client(answer))).retry_after == timedelta(hours=1)


def test_the_longest_request_holds_all_its_waits() -> None:
    """The lease rests on this sum: TCP, TLS, sending, and the response."""
    assert ElephantOptions().longest_request == 2 * 10 + 30 + 120


class Dripping(httpx.AsyncByteStream):
    """A body without end that comes byte by byte."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    async def aclose(self) -> None:
        """Remember that the body was left."""
        self.closed = True


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("headers_after", [0, 0.45], ids=["at once", "late"])
def test_a_dripping_response_is_left(headers_after: float, coding: str) -> None:
    """The longest request holds the headers and the body together."""
    body = Dripping()

    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(headers_after)
        return httpx.Response(200, headers={"Content-Encoding": coding}, stream=body)

    options = ElephantOptions(api_key=KEY, read_timeout=0.2, connect_timeout=0.1, write_timeout=0.1)
    elephant = ElephantClient(options, transport=httpx.MockTransport(answer))
    began = time.monotonic()
    told = failed(read(elephant))
    took = time.monotonic() - began
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, "askelephant_timeout")
    assert options.read_timeout <= took < options.longest_request + 0.4
    assert body.closed


def test_nobody_at_home_is_transient() -> None:
    """Over a real connection: nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    elephant = ElephantClient(ElephantOptions(base_url=f"http://127.0.0.1:{port}", api_key=KEY))
    assert failed(created(elephant)).problem.reason == "askelephant_unreachable"
    elephant.close()
