"""The client asks as AskElephant documents it, and returns values whatever comes back."""

import gzip
import itertools
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bridge import __version__
from bridge.askelephant.client import ElephantClient, ElephantOptions
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


def failed(outcome: Engagement | Failure) -> Failure:
    """Return the outcome, which must be a failure."""
    assert isinstance(outcome, Failure)
    return outcome


def test_a_call_is_submitted_as_documented() -> None:
    """POST, JSON, the raw key, and who we are."""
    request = asked(lambda elephant: elephant.create(REQUEST))
    assert request.method == "POST"
    assert str(request.url) == "https://app.askelephant.ai/api/v2/engagements"
    assert request.headers["authorization"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"wavv-askelephant-bridge/{__version__}"
    assert json.loads(request.content)["external_id"] == "wavv-call-1"


def test_an_oauth_token_goes_with_its_prefix() -> None:
    """The scheme is a setting; API keys go without (the default)."""
    request = asked(lambda elephant: elephant.create(REQUEST), auth_scheme="bearer")
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("expand", "query"),
    [(("action_items", "signals"), "?expand=action_items,signals"), (("tags",), "?expand=tags")],
)
def test_insights_are_asked_for_as_documented(expand: tuple[str, ...], query: str) -> None:
    """The commas stay commas."""
    request = asked(lambda elephant: elephant.read("ngmt_1"), expand=expand)
    assert request.method == "GET"
    assert str(request.url) == f"https://app.askelephant.ai/api/v2/engagements/ngmt_1{query}"


def test_without_expand_the_plain_engagement_is_read() -> None:
    """An empty query is not sent."""
    request = asked(lambda elephant: elephant.read("ngmt_1"), expand=(), base_url="http://x/api/")
    assert str(request.url) == "http://x/api/v2/engagements/ngmt_1"


def test_every_timeout_is_explicit() -> None:
    """Minutes only for the answer: AskElephant downloads the recording before it sends one."""
    request = asked(lambda elephant: elephant.create(REQUEST), read_timeout=90.0)
    # The read time-out is the body's already.
    expected = {"connect": 10.0, "read": 5.0, "write": 30.0, "pool": 10.0}
    assert request.extensions["timeout"] == expected


def test_what_came_is_returned() -> None:
    """An engagement with its insights, and whether this request made it."""
    outcome = client().create(REQUEST)
    assert isinstance(outcome, Engagement)
    assert (outcome.id, outcome.created) == ("ngmt_1", True)
    assert outcome.insights == {"action_items": [{"id": "ai_1"}]}


def test_a_packed_answer_is_read() -> None:
    """Transcripts are long, and pack well."""
    packed = gzip.compress(b'{"id": "ngmt_1"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))

    assert isinstance(client(answer).read("ngmt_1"), Engagement)


def unreachable(_: httpx.Request) -> httpx.Response:
    """Fail as a test must see it, had a request been made."""
    pytest.fail("a request was made")


@pytest.mark.parametrize("key", [None, "", "key with spaces", "key\r\nX-Forged: 1", "schlüssel"])
def test_without_a_key_nothing_is_asked(key: str | None) -> None:
    """A key that is missing or fits no header holds all calls, as a refused one does."""
    told = failed(client(unreachable, api_key=key).create(REQUEST))
    assert (told.trouble, told.problem.reason) == (Trouble.CREDENTIALS, "credentials_missing")


@pytest.mark.parametrize("engagement_id", ["", "../users", "ngmt_1/x", "ngmt_1?x=1", "ngmt_1\n"])
def test_an_id_that_is_none_never_becomes_part_of_a_url(engagement_id: str) -> None:
    """What is not an engagement's id is refused here."""
    told = failed(client(unreachable).read(engagement_id))
    assert (told.trouble, told.problem.reason) == (Trouble.REJECTED, "engagement_id_invalid")


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

    assert failed(client(answer).create(REQUEST)).trouble is Trouble.TRANSIENT
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

    told = failed(client(answer).create(REQUEST))
    assert (told.trouble, told.problem.reason) == (Trouble.TRANSIENT, reason)
    assert told.problem.detail == f"{error.__name__}: the words of the error"


def test_an_answer_beyond_the_limit_is_unreadable() -> None:
    """A body larger than any engagement is not one."""
    told = failed(client(max_answer_bytes=10).create(REQUEST))
    assert told.problem.reason == "askelephant_answer_unreadable"
    assert told.trouble is Trouble.TRANSIENT


def test_retry_after_is_counted_from_now() -> None:
    """A date in ``Retry-After`` becomes a wait."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "Wed, 13 May 2026 15:00:00 GMT"})

    assert failed(client(answer).read("ngmt_1")).retry_after == timedelta(hours=1)


def test_the_longest_request_holds_all_its_waits() -> None:
    """The lease rests on this sum: pool, TCP, TLS, sending, the headers, and a last silence."""
    assert ElephantOptions().longest_request == 10 + 2 * 10 + 30 + 120 + 5


class Clock:
    """Seconds that pass only when told to."""

    now = 0.0

    def __call__(self) -> float:
        """Return the seconds that have passed."""
        return self.now


class Dripping(httpx.SyncByteStream):
    """A body without end that comes byte by byte, each a second after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._clock.now += 1
            yield b" "


@pytest.mark.parametrize(
    ("headers_after", "over_at"),
    [(0, 121), (150, 181)],
    ids=["one read time-out", "the longest wait"],
)
def test_a_dripping_answer_is_left(headers_after: int, over_at: int) -> None:
    """One read time-out for the body, and no more than the longest wait for all of it."""
    clock = Clock()

    def answer(_: httpx.Request) -> httpx.Response:
        clock.now += headers_after
        return httpx.Response(200, stream=Dripping(clock))

    transport = httpx.MockTransport(answer)
    elephant = ElephantClient(ElephantOptions(api_key=KEY), transport=transport, clock=clock)
    assert failed(elephant.read("ngmt_1")).problem.reason == "askelephant_timeout"
    assert clock.now == over_at


def test_nobody_at_home_is_transient() -> None:
    """Over a real connection: nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    elephant = ElephantClient(ElephantOptions(base_url=f"http://127.0.0.1:{port}", api_key=KEY))
    assert failed(elephant.create(REQUEST)).problem.reason == "askelephant_unreachable"
    elephant.close()
