"""The processing of an engagement: its status, the transcript event, the insights after it.

The status of an engagement is PENDING, PROCESSING, then COMPLETED. COMPLETED does not mean that the
insights are available: action items and signals come from separate pipelines at different times
("Timing considerations" in AskElephant's guide to dialer integrations, which is listed in
https://docs.askelephant.ai/llms.txt).
"""

import asyncio

from bridge.simulator.askelephant import content
from bridge.simulator.askelephant.background import Background
from bridge.simulator.askelephant.engagement import (
    COMPLETED,
    FAILED,
    PROCESSING,
    Engagement,
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
from bridge.simulator.askelephant.webhooks import RESPONSE_TIMEOUT, Webhooks
from bridge.simulator.askelephant.workspace import Workspace


class Processing:
    """Processes engagements in background tasks, and sends their events."""

    def __init__(self, workspace: Workspace, background: Background, webhooks: Webhooks) -> None:
        self.workspace = workspace
        self.background = background
        self.webhooks = webhooks
        self._timings = workspace.options.timings

    async def begin(self, engagement: Engagement) -> None:
        """Start to process an engagement.

        With the behaviour ``early-webhook``, return after the transcript event was acknowledged.
        """
        if "unordered-webhook" not in engagement.plan:
            self._send_noise(engagement, CREATED)
        early = "early-webhook" in engagement.plan
        if early:
            engagement.change(clock(), status=COMPLETED)
            sending = self.background.start(self._send_transcript_event(engagement))
            await asyncio.wait({sending}, timeout=RESPONSE_TIMEOUT)
        work = self._after_transcript(engagement) if early else self._process(engagement)
        self.background.start(work)

    async def _process(self, engagement: Engagement) -> None:
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
        self.background.start(self._send_transcript_event(engagement))
        await self._after_transcript(engagement)

    async def _after_transcript(self, engagement: Engagement) -> None:
        """Add each insight at its time. With the behaviour ``deleted``, delete the engagement."""
        if "deleted" in engagement.plan and not engagement.generation:
            self.background.start(self._delete_later(engagement))
        waited = 0.0
        for at, name in sorted(arrivals(engagement, self._timings)):
            await self.workspace.pause(at - waited)
            waited = at
            if name == "signals":
                found = content.signals(engagement.seed, engagement.plan)
            else:
                found = content.action_items(engagement.seed, engagement.owner, clock())
            self._change(engagement, **{name: found})

    async def _delete_later(self, engagement: Engagement) -> None:
        await self.workspace.pause(engagement.plan.number("deleted"))
        self.delete(engagement)

    def delete(self, engagement: Engagement) -> None:
        """Delete an engagement and send the event of the deletion, unless it is already deleted."""
        if not engagement.is_deleted:
            self.workspace.delete(engagement)
            self._send(engagement, DELETED)

    async def _send_transcript_event(self, engagement: Engagement) -> None:
        """Send the transcript event. Behaviours of the call may delay, repeat or suppress it."""
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
        """Return the engagement's transcript event, which is created once and has a fixed id."""
        if engagement.transcript_event is None:
            engagement.transcript_event = self._event(engagement, TRANSCRIPT_READY)
        return engagement.transcript_event

    def _change(self, engagement: Engagement, **changes: object) -> None:
        if engagement.is_deleted:
            return
        engagement.change(clock(), **changes)
        self._send_noise(engagement, UPDATED)

    def _send_noise(self, engagement: Engagement, kind: str) -> None:
        if self.workspace.options.noise:
            self._send(engagement, kind)

    def _send(self, engagement: Engagement, kind: str) -> None:
        self.webhooks.send(self._event(engagement, kind))

    def _event(self, engagement: Engagement, kind: str) -> Event:
        shown = view(engagement)
        return make_event(kind, shown, engagement.external_id, self.workspace.id, clock())


def arrivals(engagement: Engagement, timings: Timings) -> list[tuple[float, str]]:
    """Return when each insight appears, in seconds after the transcript.

    An insight that never appears is not in the list.
    """
    if "no-insights" in engagement.plan:
        return []
    names = ["signals"] if "partial-insights" in engagement.plan else ["signals", "action_items"]
    late = engagement.plan.number("late-insights")
    first, last = timings.insights_first, timings.insights_last
    return [(late or content.moment(engagement.seed, name, first, last), name) for name in names]
