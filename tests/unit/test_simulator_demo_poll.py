"""Tests for the result on the demo's calls."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from bridge.domain.call import State
from bridge.simulator.demo.environment import new_environment
from bridge.simulator.demo.poll import DemoResult, count_engagements, is_as_expected, poll
from bridge.simulator.demo.scenarios import DemoCall, Scenario

NORMAL = DemoCall(Scenario("normal"), "c-1", ())
REJECTED = DemoCall(
    Scenario("rejected", state=State.FAILED, reason="rejected", insights="pending", engagements=0),
    "c-2",
    (),
)
ENVIRONMENT = new_environment(with_flower=False)


def call(
    state: str = "complete", reason: str | None = None, insights: str = "all"
) -> Mapping[str, Any]:
    """Return the API's record of a call."""
    return {"state": state, "reason": reason, "insights_status": insights}


RIGHT = {"c-1": call(), "c-2": call("failed", "rejected", "pending")}


@pytest.mark.parametrize(
    ("changes", "engagements", "unexpected"),
    [
        ({}, {"wavv-call-c-1": 1}, []),
        ({"c-1": call("transcribed", insights="pending")}, {"wavv-call-c-1": 1}, [NORMAL]),
        ({"c-1": call(insights="some")}, {"wavv-call-c-1": 1}, [NORMAL]),
        ({"c-1": call(reason="odd")}, {"wavv-call-c-1": 1}, [NORMAL]),
        ({"c-2": call("failed", "unsubmittable", "pending")}, {"wavv-call-c-1": 1}, [REJECTED]),
        ({"c-2": {}}, {"wavv-call-c-1": 1}, [REJECTED]),
        ({}, {"wavv-call-c-1": 2}, [NORMAL]),
        ({}, {}, [NORMAL]),
        ({}, {"wavv-call-c-1": 1, "wavv-call-c-2": 1}, [REJECTED]),
    ],
)
def test_a_call_with_a_wrong_end_or_number_of_engagements_is_unexpected(
    changes: dict[str, Any], engagements: dict[str, int], unexpected: list[DemoCall]
) -> None:
    """A call in a wrong state, or with another number of engagements, is wrong."""
    result = DemoResult([NORMAL, REJECTED], RIGHT | changes, engagements, 1.0)
    assert result.unexpected == unexpected


def test_an_unknown_call_is_not_as_expected() -> None:
    """A call that the API does not list is not as expected."""
    assert not is_as_expected(NORMAL, {})
    assert is_as_expected(NORMAL, RIGHT)


def test_calls_are_looked_up_through_the_api_with_its_token() -> None:
    """The demo reads the calls from the API with its token."""

    def api(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{ENVIRONMENT.web_url}/api/calls?limit=200"
        assert request.headers["Authorization"] == f"Bearer {ENVIRONMENT.api_token}"
        data = [{"call_id": call_id, **seen} for call_id, seen in RIGHT.items()]
        return httpx.Response(200, json={"data": data, "next_cursor": None})

    async def scenario() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as client:
            seen = await poll(client, ENVIRONMENT)
        assert is_as_expected(NORMAL, seen)
        assert is_as_expected(REJECTED, seen)

    asyncio.run(scenario())


def test_an_error_of_the_api_raises() -> None:
    """An error status of the API raises and is not read as an empty list."""

    async def scenario() -> None:
        refusing = httpx.MockTransport(lambda _: httpx.Response(503))
        async with httpx.AsyncClient(transport=refusing) as client:
            with pytest.raises(httpx.HTTPStatusError):
                await poll(client, ENVIRONMENT)

    asyncio.run(scenario())


def test_engagements_are_counted_in_the_sandboxs_journal() -> None:
    """Engagements are counted in the sandbox and not in the bridge."""

    def journal(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{ENVIRONMENT.sandbox_url}/sandbox/journal"
        made = [{"external_id": name} for name in ("a", "b", "a")]
        return httpx.Response(200, json={"engagements": made})

    async def scenario() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(journal)) as client:
            assert await count_engagements(client, ENVIRONMENT) == {"a": 2, "b": 1}

    asyncio.run(scenario())
