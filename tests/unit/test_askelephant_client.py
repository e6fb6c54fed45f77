"""Tests for the AskElephant client: documented requests, and an outcome for each response."""

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


def sent(send: Callable[[ElephantClient], object], **options: Any) -> httpx.Request:  # noqa: ANN401 - of many types
    """Return the request that ``send`` makes."""
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return engagement(request)

    send(mock_client(respond, **options))
    return requests[0]


def test_a_call_is_submitted_as_documented() -> None:
    """A submission is a JSON POST with the raw key and our user agent."""
    request = sent(created)
    assert request.method == "POST"
    assert str(request.url) == "https://app.askelephant.ai/api/v2/engagements"
    assert request.headers["authorization"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"wavv-askelephant-bridge/{__version__}"
    assert json.loads(request.content)["external_id"] == "wavv-call-1"


def test_an_oauth_token_goes_with_its_prefix() -> None:
    """With ``auth_scheme`` bearer the key is sent with the prefix ``Bearer``."""
    request = sent(created, auth_scheme="bearer")
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("expand", "query"),
    [(("action_items", "signals"), "?expand=action_items,signals"), (("tags",), "?expand=tags")],
)
def test_insights_are_requested_as_documented(expand: tuple[str, ...], query: str) -> None:
    """Insights are a GET with ``expand``, whose commas are not quoted."""
    request = sent(read, expand=expand)
    assert request.method == "GET"
    assert str(request.url) == f"https://app.askelephant.ai/api/v2/engagements/ngmt_1{query}"


def test_without_expand_the_plain_engagement_is_read() -> None:
    """Without insights to expand the request has no query."""
    request = sent(read, expand=(), base_url="http://x/api/")
    assert str(request.url) == "http://x/api/v2/engagements/ngmt_1"


def test_every_timeout_is_explicit() -> None:
    """Connect, read, write and pool have their own timeouts."""
    request = sent(created, read_timeout=90.0)
    expected = {"connect": 10.0, "read": 90.0, "write": 30.0, "pool": 10.0}
    assert request.extensions["timeout"] == expected


def test_a_created_engagement_is_returned_with_its_insights() -> None:
    """The outcome holds the engagement, its insights and whether the request created it."""
    outcome = created(mock_client())
    assert isinstance(outcome, Engagement)
    assert (outcome.id, outcome.created) == ("ngmt_1", True)
    assert outcome.insights == {"action_items": [{"id": "ai_1"}]}


def test_a_gzip_response_is_read() -> None:
    """A gzip body is decompressed and read."""
    packed = gzip.compress(b'{"id": "ngmt_1"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))

    assert isinstance(read(mock_client(respond)), Engagement)


@pytest.mark.parametrize("engagement_id", ["", "../users", "ngmt_1/x", "ngmt_1?x=1", "ngmt_1\n"])
def test_a_malformed_id_never_becomes_part_of_a_url(engagement_id: str) -> None:
    """A malformed engagement id is rejected without a request."""
    failure = failed(read(mock_client(unexpected), engagement_id))
    assert (failure.trouble, failure.problem.reason) == (Trouble.REJECTED, "engagement_id_invalid")


def test_malformed_ids_do_not_affect_the_others_of_a_batch() -> None:
    """The valid ids of a batch are requested, and each outcome has its id's index."""
    requests: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.path)
        return httpx.Response(200, json={"id": request.url.path.rpartition("/")[2]})

    ids = ["../users", "ngmt_1", "", "ngmt_2"]
    received = outcomes(mock_client(respond).read(ids))
    assert [getattr(found, "id", None) for found in received] == [None, "ngmt_1", None, "ngmt_2"]
    assert {failed(received[place]).problem.reason for place in (0, 2)} == {"engagement_id_invalid"}
    assert sorted(requests) == ["/api/v2/engagements/ngmt_1", "/api/v2/engagements/ngmt_2"]


def test_the_calls_of_a_batch_are_submitted_each_with_its_outcome() -> None:
    """A failed submission does not affect the others of its batch."""

    def respond(request: httpx.Request) -> httpx.Response:
        external_id = json.loads(request.content)["external_id"]
        if external_id == "wavv-call-1":
            return httpx.Response(503)
        return httpx.Response(201, json={"id": f"ngmt_{external_id[-1]}"})

    calls = [
        REQUEST.model_copy(update={"external_id": f"wavv-call-{number}"}) for number in range(4)
    ]
    received = outcomes(mock_client(respond).create(calls))
    assert [getattr(found, "id", None) for found in received] == [
        "ngmt_0",
        None,
        "ngmt_2",
        "ngmt_3",
    ]
    assert failed(received[1]).trouble is Trouble.TRANSIENT


def test_an_empty_batch_has_no_outcome() -> None:
    """An empty batch sends nothing and has no outcome."""
    assert outcomes(mock_client(unexpected).create([])) == []
    assert outcomes(mock_client(unexpected).read([])) == []


def test_without_a_key_every_request_of_a_batch_fails() -> None:
    """Without a key each request of a batch has the outcome ``credentials_missing``."""
    received = outcomes(mock_client(unexpected, api_key=None).read(["ngmt_1", "../x", "ngmt_2"]))
    assert {failed(outcome).problem.reason for outcome in received} == {"credentials_missing"}
    assert len(received) == 3


def test_the_key_is_not_shown() -> None:
    """The key is not in the options' ``repr``."""
    assert KEY not in repr(ElephantOptions(api_key=KEY))
