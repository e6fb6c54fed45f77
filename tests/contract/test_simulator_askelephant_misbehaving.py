"""The sandbox's behaviours, which are set by a marker in a call's external_id."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from bridge.simulator.askelephant import SandboxOptions, Timings
from tests.support.sandbox import Sandbox, a_call, running_sandbox


@pytest.mark.parametrize("form", ["seconds", "date", "garbage", "bare"])
def test_a_throttled_call_succeeds_after_its_tries(sandbox: Sandbox, form: str) -> None:
    """A throttled call succeeds after its tries; ``Retry-After`` has all its forms."""
    external_id = f"a~throttle-{form}.2"
    responses = [sandbox.submit(external_id) for _ in range(3)]
    assert [response.status_code for response in responses] == [429, 429, 201]
    header = responses[0].headers.get("retry-after")
    if form == "seconds":
        assert header == "2"
    elif form == "date":
        ahead = parsedate_to_datetime(str(header)) - datetime.now(UTC)
        assert timedelta(seconds=0) < ahead <= timedelta(seconds=3)
    else:
        assert header == {"garbage": "in a little while", "bare": None}[form]


@pytest.mark.parametrize(
    ("marker", "statuses", "made"),
    [
        ("error-before-commit", [500, 201], 0),
        ("error-after-commit", [500, 200], 1),
        ("error-after-commit.2", [500, 500, 200], 1),
        ("conflict", [409, 201], 0),
        ("media-late.2", [422, 422, 201], 0),
        ("reject", [422, 422], 0),
        ("bad-request", [400, 400], 0),
        ("throttle-bare+error-after-commit", [429, 500, 200], 0),
    ],
)
def test_a_marker_decides_how_the_tries_end(
    sandbox: Sandbox, marker: str, statuses: list[int], made: int
) -> None:
    """A marker sets the statuses of the tries.

    ``made`` is whether the first try made an engagement.
    """
    external_id = f"a~{marker}"
    first = sandbox.submit(external_id)
    assert len(sandbox.journal()["engagements"]) == made
    rest = [sandbox.submit(external_id) for _ in statuses[1:]]
    assert [response.status_code for response in (first, *rest)] == statuses


def test_a_connection_that_breaks_half_way_leaves_an_engagement(sandbox: Sandbox) -> None:
    """A connection that breaks during the response leaves an engagement for the next try."""
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.submit("a~reset")
    assert sandbox.submit("a~reset").status_code == 200


def test_a_response_can_be_invalid_json(sandbox: Sandbox) -> None:
    """A submission and a read can return a 200 with invalid JSON."""
    garbled = sandbox.submit("a~garbage-json+read-garbage")
    assert garbled.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        garbled.json()
    engagement_id = sandbox.submit("a~garbage-json+read-garbage").json()["id"]
    with pytest.raises(ValueError, match="Expecting value"):
        sandbox.read(engagement_id).json()
    assert sandbox.read(engagement_id).json()["id"] == engagement_id


def test_a_collision_returns_another_calls_engagement(sandbox: Sandbox) -> None:
    """A collision returns 200 with another call's engagement at the first try."""
    response = sandbox.submit("a~collision")
    assert response.status_code == 200
    assert response.json()["external_url"] != "wavv://call/a~collision"


def test_reads_can_fail_before_they_succeed(sandbox: Sandbox) -> None:
    """Reads can respond with 404, 500 and 429 before they succeed."""
    engagement_id = sandbox.submit("a~read-missing.2+read-error+read-throttled").json()["id"]
    statuses = [sandbox.read(engagement_id).status_code for _ in range(5)]
    assert statuses == [404, 404, 500, 429, 200]


def test_responses_may_have_more_or_fewer_fields(sandbox: Sandbox) -> None:
    """Responses can have unknown fields, unknown data types, or only required fields."""
    engagement_id = sandbox.submit("a~unknown-fields+unknown-data-types").json()["id"]
    sparse = sandbox.submit("a~sparse-answers").json()
    sandbox.settled()
    body = sandbox.read(engagement_id, "signals").json()
    assert "x_mood" in body
    assert "TIME_SERIES" in {signal["data_type"] for signal in body["signals"]}
    assert "external_url" not in sparse


def test_a_slow_fetch_outlasts_the_client_and_is_made_once() -> None:
    """A slow download continues after a client's timeout, and the next try gets its engagement."""
    options = SandboxOptions(scale=1, timings=Timings(media_fetch=0, pending=0, processing=0))
    with running_sandbox(options) as sandbox:
        body, headers = a_call("a~slow-media.0.5"), sandbox.headers()
        with pytest.raises(httpx.ReadTimeout):
            sandbox.client.post("/v2/engagements", json=body, headers=headers, timeout=0.1)
        assert sandbox.journal()["engagements"] == []
        assert sandbox.submit("a~slow-media.0.5").status_code == 200
        journal = sandbox.journal()
        assert len(journal["engagements"]) == 1
        assert sorted(entry["status"] for entry in journal["requests"]) == [200, 201]


def test_many_tries_at_once_make_one_engagement() -> None:
    """Sixteen submissions of a call at the same time make one engagement."""
    responses: list[httpx.Response] = []
    options = SandboxOptions(scale=0.01)
    with running_sandbox(options) as sandbox:
        threads = [
            threading.Thread(target=lambda: responses.append(sandbox.submit("a")))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(response.status_code for response in responses) == [200] * 15 + [201]
    assert len({response.json()["id"] for response in responses}) == 1
