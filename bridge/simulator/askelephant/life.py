"""The life of an engagement: PENDING, PROCESSING, COMPLETED; the event; the insights after it.

COMPLETED does not mean that the insights are there: action items and signals come from pipelines
of their own, each at its own moment. Source: the guide's "Timing considerations".
"""

import asyncio

from bridge.simulator.askelephant import content
from bridge.simulator.askelephant.background import Background
from bridge.simulator.askelephant.engagement import (
    COMPLETED,
    FAILED,
    PROCESSING,
    Engagement,
    Json,
    view,
)
from bridge.simulator.askelephant.event import (
    CREATED,
    DELETED,
    TRANSCRIPT_READY,
    UPDATED,
    Event,
    make_event,
)
from bridge.simulator.askelephant.options import Timings
from bridge.simulator.askelephant.stamps import clock
from bridge.simulator.askelephant.webhooks import ANSWER_WITHIN, Webhooks
from bridge.simulator.askelephant.workspace import Workspace


class Life:
    """Takes engagements through their processing, in the background."""

    def __init__(self, workspace: Workspace, background: Background, webhooks: Webhooks) -> None:
        self.workspace = workspace
        self.background = background
        self.webhooks = webhooks
        self._timings = workspace.options.timings

    async def begin(self, engagement: Engagement) -> None:
        """Start the processing. An ``early-webhook`` call is transcribed before this returns."""
        if "unordered-webhook" not in engagement.plan:
            self._noise(engagement, CREATED)
        early = "early-webhook" in engagement.plan
        if early:
            engagement.change(clock(), status=COMPLETED)
            told = self.background.start(self._tell(engagement))
            await asyncio.wait({told}, timeout=ANSWER_WITHIN)
        work = self._after_transcript(engagement) if early else self._live(engagement)
        self.background.start(work)

    async def _live(self, engagement: Engagement) -> None:
        await self.workspace.pause(self._timings.pending)
        self._change(engagement, status=PROCESSING)
        if "stuck" in engagement.plan:
            return
        late = engagement.plan.number("late-transcript")
        await self.workspace.pause(self._timings.processing + late)
        if "failed" in engagement.plan:
            self._change(engagement, status=FAILED)
            return
        self._change(engagement, status=COMPLETED)
        self.background.start(self._tell(engagement))
        await self._after_transcript(engagement)

    async def _after_transcript(self, engagement: Engagement) -> None:
        """Bring the insights; delete the engagement if the call's first one is to be deleted."""
        if "deleted" in engagement.plan and not engagement.generation:
            self.background.start(self._delete_later(engagement))
        await self._bring_insights(engagement)

    async def _delete_later(self, engagement: Engagement) -> None:
        await self.workspace.pause(engagement.plan.number("deleted"))
        self.delete(engagement)

    def delete(self, engagement: Engagement) -> None:
        """Remove an engagement, and send the event of it. Does nothing if it was removed before."""
        if not engagement.is_deleted:
            self.workspace.delete(engagement)
            self._send(engagement, DELETED)

    async def _tell(self, engagement: Engagement) -> None:
        """Send the transcript event in the way the call asks for."""
        plan = engagement.plan
        event = self.transcript_event(engagement)
        if "no-webhook" in plan:
            return
        await self.workspace.pause(plan.number("late-webhook"))
        if engagement.is_deleted:
            return
        copies = 2 if "twice-webhook" in plan else 1
        await asyncio.wait({self.webhooks.send(event, plan) for _ in range(copies)})
        if "unordered-webhook" in plan:
            self._send(engagement, CREATED)
        await self.webhooks.resend(event, int(plan.number("resent-webhook")))

    def transcript_event(self, engagement: Engagement) -> Event:
        """Return the engagement's transcript event: made once, so that its id never changes."""
        if engagement.transcript_event is None:
            engagement.transcript_event = self._event(engagement, TRANSCRIPT_READY)
        return engagement.transcript_event

    async def _bring_insights(self, engagement: Engagement) -> None:
        waited = 0.0
        for at, name in sorted(arrivals(engagement, self._timings)):
            await self.workspace.pause(at - waited)
            waited = at
            self._change(engagement, **{name: _found(engagement, name)})

    def _change(self, engagement: Engagement, **changes: object) -> None:
        if engagement.is_deleted:
            return
        engagement.change(clock(), **changes)
        self._noise(engagement, UPDATED)

    def _noise(self, engagement: Engagement, kind: str) -> None:
        if self.workspace.options.noise:
            self._send(engagement, kind)

    def _send(self, engagement: Engagement, kind: str) -> None:
        self.webhooks.send(self._event(engagement, kind))

    def _event(self, engagement: Engagement, kind: str) -> Event:
        shown = view(engagement)
        return make_event(kind, shown, engagement.external_id, self.workspace.id, clock())


def arrivals(engagement: Engagement, timings: Timings) -> list[tuple[float, str]]:
    """Return when each insight comes, in seconds after the transcript. What never comes is out."""
    if "no-insights" in engagement.plan:
        return []
    comes = ["signals"] if "partial-insights" in engagement.plan else ["signals", "action_items"]
    late = engagement.plan.number("late-insights")
    first, last = timings.insights_first, timings.insights_last
    return [(late or content.moment(engagement.seed, name, first, last), name) for name in comes]


def _found(engagement: Engagement, name: str) -> list[Json]:
    if name == "signals":
        return content.signals(engagement.seed, engagement.plan)
    return content.action_items(engagement.seed, engagement.owner, clock())
