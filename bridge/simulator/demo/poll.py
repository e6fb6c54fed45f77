"""Polling the calls through the bridge's own API, and checking where they ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.simulator.demo.environment import DemoEnvironment
from bridge.simulator.demo.scenarios import DemoCall

Seen = Mapping[str, Mapping[str, Any]]
"""What the API says of each call, by its id."""


async def poll(client: httpx.AsyncClient, environment: DemoEnvironment) -> Seen:
    """Return what the API says of all calls."""
    answer = await client.get(
        f"{environment.web_url}/api/calls",
        params={"limit": 200},
        headers={"Authorization": f"Bearer {environment.api_token}"},
    )
    answer.raise_for_status()
    return {call["call_id"]: call for call in answer.json()["data"]}


def has_arrived(demo_call: DemoCall, seen: Seen) -> bool:
    """Tell whether the call is where its scenario must end."""
    call, scenario = seen.get(demo_call.call_id, {}), demo_call.scenario
    found = call.get("state"), call.get("reason"), call.get("insights_status")
    return found == (scenario.state, scenario.reason, scenario.insights)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the summary says. ``engagements`` is AskElephant's own count, by ``external_id``."""

    calls: Sequence[DemoCall]
    seen: Seen
    engagements: Mapping[str, int]
    seconds: float

    @property
    def astray(self) -> list[DemoCall]:
        """Calls that are not where they should be, or have too many or too few engagements."""
        return [
            one
            for one in self.calls
            if not has_arrived(one, self.seen) or self.count(one) != one.scenario.engagements
        ]

    def count(self, demo_call: DemoCall) -> int:
        """Return how many engagements AskElephant has of the call."""
        return self.engagements.get(f"wavv-call-{demo_call.call_id}", 0)


async def count_engagements(
    client: httpx.AsyncClient, environment: DemoEnvironment
) -> Mapping[str, int]:
    """Return how many engagements the sandbox made for each ``external_id``."""
    journal = (await client.get(f"{environment.sandbox_url}/sandbox/journal")).json()
    counted: dict[str, int] = {}
    for engagement in journal["engagements"]:
        external_id = engagement["external_id"]
        counted[external_id] = counted.get(external_id, 0) + 1
    return counted
