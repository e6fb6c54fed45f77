"""The workspace: the whole state of the sandbox of AskElephant.

Only one event loop uses the workspace. So the only lock is that for the creation of an engagement,
which waits for the media.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.simulator.askelephant.behaviours import Plan, marker_of, read_plan
from bridge.simulator.askelephant.engagement import Engagement
from bridge.simulator.askelephant.faults import Faults
from bridge.simulator.askelephant.journal import Journal
from bridge.simulator.askelephant.options import SandboxOptions, User
from bridge.simulator.askelephant.stamps import new_id, read_time


class Workspace:
    """The state of the sandbox, created from the options and changed by the control API."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.faults = Faults()
        self.id = new_id("wrks")
        self.reset()

    def reset(self) -> None:
        """Restore the state that the options define. Requests that hang because of a fault end."""
        self.faults.clear()
        self.keys = {key.id: key for key in self.options.api_keys}
        self.users = self.options.users
        self.webhook_url = self.options.webhook_url
        self.webhook_secrets = self.options.webhook_secrets
        self.clock_step = timedelta(0)
        self.everywhere = self.options.behaviours
        self.exact: Mapping[str, str] = {}
        self.containing: Mapping[str, str] = {}
        self.engagements: dict[str, Engagement] = {}
        self.by_external_id: dict[str, Engagement] = {}
        self.generations: Counter[str] = Counter()
        """The number of deleted engagements by ``external_id``."""
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.tries: Counter[tuple[str, str]] = Counter()
        self.journal = Journal()

    async def pause(self, seconds: float) -> None:
        """Wait for ``seconds`` multiplied by the sandbox's scale."""
        await asyncio.sleep(seconds * self.options.scale)

    def plan_for(self, external_id: str) -> Plan:
        """Return the behaviours of a call, including those of all calls.

        The call's own behaviours are those of the marker in its id, else those set for the whole
        id, else those set for parts of the id.
        """
        common = read_plan(self.everywhere).numbers
        marked = read_plan(marker_of(external_id))
        if marked.numbers:
            return Plan({**common, **marked.numbers}, marked.unknown)
        text = self.exact.get(external_id) or "+".join(
            text for part, text in self.containing.items() if part in external_id
        )
        return Plan({**common, **read_plan(text).numbers}, marked.unknown)

    def use_try(self, external_id: str, plan: Plan, name: str) -> bool:
        """Count a try of a "first N tries" behaviour. Return false, uncounted, after N tries."""
        if self.tries[external_id, name] >= plan.number(name):
            return False
        self.tries[external_id, name] += 1
        return True

    def count_first_try(self, external_id: str, plan: Plan, name: str) -> bool:
        """Count the first try of a call with a behaviour. Return false for each later try.

        For behaviours whose number is a status, and not a number of tries.
        """
        if name not in plan or self.tries[external_id, name]:
            return False
        self.tries[external_id, name] += 1
        return True

    def add(self, body: Mapping[str, Any], plan: Plan, owner: User, now: datetime) -> Engagement:
        """Create and store an engagement, which can then be found by its ``external_id``."""
        is_private = body.get("is_private")
        if is_private is None:
            is_private = self.options.private_by_default
        engagement = Engagement(
            id=new_id("ngmt"),
            request=body,
            plan=plan,
            owner=owner,
            is_private=is_private or "private" in plan,
            created_at=now,
            updated_at=now,
            started_at=read_time(body["start_at"]) if body.get("start_at") else now,
            generation=self.generations[body["external_id"]],
        )
        self.engagements[engagement.id] = engagement
        self.by_external_id[engagement.external_id] = engagement
        return engagement

    def delete(self, engagement: Engagement) -> None:
        """Remove an engagement. A POST with its ``external_id`` then creates another one."""
        engagement.is_deleted = True
        del self.engagements[engagement.id]
        del self.by_external_id[engagement.external_id]
        self.generations[engagement.external_id] += 1
