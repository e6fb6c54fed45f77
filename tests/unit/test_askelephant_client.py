"""The client asks as AskElephant documents it, and returns values whatever comes back."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bridge import __version__
from bridge.askelephant.client import ElephantClient, ElephantOptions
from bridge.askelephant.models import Engagement
from bridge.domain.retry import Trouble
from tests.support.askelephant_client import (
    KEY,
    REQUEST,
    created,
    engagement,
    failed,
    mock_client,
    outcomes,
    read,
    unexpected,
)


def asked(ask: Callable[[ElephantClient], object], **options: Any) -> httpx.Request:  # noqa: ANN401 - of many types
    """Return the request that ``ask`` makes."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return engagement(request)

    ask(mock_client(answer, **options))
    return requests[0]


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
    outcome = created(mock_client())
    assert isinstance(outcome, Engagement)
    assert (outcome.id, outcome.created) == ("ngmt_1", True)
    assert outcome.insights == {"action_items": [{"id": "ai_1"}]}


def test_a_packed_answer_is_read() -> None:
    """Transcripts are long, and pack well."""
    packed = gzip.compress(b'{"id": "ngmt_1"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))

    assert isinstance(read(mock_client(answer)), Engagement)


@pytest.mark.parametrize("engagement_id", ["", "../users", "ngmt_1/x", "ngmt_1?x=1", "ngmt_1\n"])
def test_an_id_that_is_none_never_becomes_part_of_a_url(engagement_id: str) -> None:
    """What is not an engagement's id is refused here."""
    told = failed(read(mock_client(unexpected), engagement_id))
    assert (told.trouble, told.problem.reason) == (Trouble.REJECTED, "engagement_id_invalid")


def test_ids_that_are_none_cost_no_other_in_their_batch() -> None:
    """Every outcome comes at the place of its id."""
    requests: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.path)
        return httpx.Response(200, json={"id": request.url.path.rpartition("/")[2]})

    ids = ["../users", "ngmt_1", "", "ngmt_2"]
    came = outcomes(mock_client(answer).read(ids))
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
    came = outcomes(mock_client(answer).create(calls))
    assert [getattr(one, "id", None) for one in came] == ["ngmt_0", None, "ngmt_2", "ngmt_3"]
    assert failed(came[1]).trouble is Trouble.TRANSIENT


def test_an_empty_batch_has_no_outcome() -> None:
    """Nothing is sent."""
    assert outcomes(mock_client(unexpected).create([])) == []
    assert outcomes(mock_client(unexpected).read([])) == []


def test_without_a_key_every_request_of_a_batch_fails() -> None:
    """Each at its place."""
    came = outcomes(mock_client(unexpected, api_key=None).read(["ngmt_1", "../x", "ngmt_2"]))
    assert {failed(one).problem.reason for one in came} == {"credentials_missing"}
    assert len(came) == 3


def test_the_key_is_not_shown() -> None:
    """Options end up in logs and tracebacks."""
    assert KEY not in repr(ElephantOptions(api_key=KEY))
