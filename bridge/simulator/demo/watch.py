"""Watching the calls through the bridge's own API, and judging where they ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.simulator.demo.cast import Actor
from bridge.simulator.demo.stage import Stage

Seen = Mapping[str, Mapping[str, Any]]
"""What the API says of each call, by its id."""


async def look(client: httpx.AsyncClient, stage: Stage) -> Seen:
    """Return what the API says of all calls."""
    answer = await client.get(
        f"{stage.web_url}/api/calls",
        params={"limit": 200},
        headers={"Authorization": f"Bearer {stage.api_token}"},
    )
    answer.raise_for_status()
    return {call["call_id"]: call for call in answer.json()["data"]}


def has_arrived(actor: Actor, seen: Seen) -> bool:
    """Tell whether the call is where its role must end."""
    call, role = seen.get(actor.call_id, {}), actor.role
    found = call.get("state"), call.get("reason"), call.get("insights_status")
    return found == (role.state, role.reason, role.insights)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the summary says. ``engagements`` is AskElephant's own count, by ``external_id``."""

    actors: Sequence[Actor]
    seen: Seen
    engagements: Mapping[str, int]
    seconds: float

    @property
    def astray(self) -> list[Actor]:
        """Calls that are not where they should be, or have too many or too few engagements."""
        return [
            one
            for one in self.actors
            if not has_arrived(one, self.seen) or self.count(one) != one.role.engagements
        ]

    def count(self, actor: Actor) -> int:
        """Return how many engagements AskElephant has of the call."""
        return self.engagements.get(f"wavv-call-{actor.call_id}", 0)


async def count_engagements(client: httpx.AsyncClient, stage: Stage) -> Mapping[str, int]:
    """Return how many engagements the sandbox made for each ``external_id``."""
    journal = (await client.get(f"{stage.sandbox_url}/sandbox/journal")).json()
    counted: dict[str, int] = {}
    for engagement in journal["engagements"]:
        external_id = engagement["external_id"]
        counted[external_id] = counted.get(external_id, 0) + 1
    return counted
