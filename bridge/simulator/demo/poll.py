"""Polls the demo's calls by the bridge's API, and compares them with the expected results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.simulator.demo.environment import DemoEnvironment
from bridge.simulator.demo.scenarios import DemoCall

Seen = Mapping[str, Mapping[str, Any]]
"""The calls in the form of the bridge's API, by call id."""


async def poll(client: httpx.AsyncClient, environment: DemoEnvironment) -> Seen:
    """Fetch all calls from the bridge's API. Raises ``httpx.HTTPError`` without a response."""
    response = await client.get(
        f"{environment.web_url}/api/calls",
        params={"limit": 200},
        headers={"Authorization": f"Bearer {environment.api_token}"},
    )
    response.raise_for_status()
    return {call["call_id"]: call for call in response.json()["data"]}


def is_as_expected(demo_call: DemoCall, seen: Seen) -> bool:
    """Return whether the call has the state, reason and insights that its scenario expects."""
    call, scenario = seen.get(demo_call.call_id, {}), demo_call.scenario
    found = call.get("state"), call.get("reason"), call.get("insights_status")
    return found == (scenario.state, scenario.reason, scenario.insights)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The result of a demo. ``engagements`` maps ``external_id`` to the number of engagements."""

    calls: Sequence[DemoCall]
    seen: Seen
    engagements: Mapping[str, int]
    seconds: float

    @property
    def unexpected(self) -> list[DemoCall]:
        """The calls that did not end as expected, or have a wrong number of engagements."""
        return [
            one
            for one in self.calls
            if not is_as_expected(one, self.seen) or self.count(one) != one.scenario.engagements
        ]

    def count(self, demo_call: DemoCall) -> int:
        """Return the number of engagements that AskElephant has for the call."""
        return self.engagements.get(f"wavv-call-{demo_call.call_id}", 0)


async def count_engagements(
    client: httpx.AsyncClient, environment: DemoEnvironment
) -> Mapping[str, int]:
    """Return the number of engagements in the sandbox by ``external_id``."""
    journal = (await client.get(f"{environment.sandbox_url}/sandbox/journal")).json()
    return Counter(engagement["external_id"] for engagement in journal["engagements"])
