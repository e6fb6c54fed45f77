"""Delivers events as Svix does: signed, and retried with the same ``svix-id`` until a 2xx.

https://docs.svix.com/retries
"""

import asyncio

import httpx
import structlog

from bridge.simulator.askelephant.background import Background
from bridge.simulator.askelephant.behaviours import NORMAL, Plan
from bridge.simulator.askelephant.event import Event
from bridge.simulator.askelephant.journal import Delivery
from bridge.simulator.askelephant.signing import manner_of, signed_headers
from bridge.simulator.askelephant.stamps import clock
from bridge.simulator.askelephant.workspace import Workspace

log = structlog.get_logger()

SCHEDULE = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Seconds before each delivery attempt: https://docs.svix.com/retries."""
SHORTEST_WAIT = 0.2
RESPONSE_TIMEOUT = 15.0
"""The timeout of a delivery in seconds, as Svix has it, whatever the sandbox's scale."""


class Webhooks:
    """Sends events to the webhook URL of the workspace."""

    def __init__(self, workspace: Workspace, background: Background) -> None:
        self.workspace = workspace
        self.background = background
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Open the HTTP client. It follows no redirect, because a 3xx is a failure for Svix."""
        self._client = httpx.AsyncClient(
            timeout=RESPONSE_TIMEOUT, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Close the HTTP client."""
        if self._client is not None:
            await self._client.aclose()

    def send(self, event: Event, plan: Plan = NORMAL) -> asyncio.Task[None]:
        """Deliver an event in the background.

        The task ends when the event was acknowledged, or after the last attempt.
        """
        return self.background.start(self._deliver(event, plan))

    async def _deliver(self, event: Event, plan: Plan) -> None:
        for attempt, wait in enumerate(SCHEDULE, start=1):
            if wait:
                await self._wait(wait)
            if await self._attempt(event, plan, attempt):
                return
        log.warning(
            "webhook.delivery_given_up",
            svix_id=event.svix_id,
            engagement_id=event.engagement_id,
            detail=f"None of {len(SCHEDULE)} attempts got a 2xx response.",
        )

    async def resend(self, event: Event, times: int) -> None:
        """Deliver an event that was already acknowledged ``times`` more times."""
        for _ in range(times):
            await self._wait(0)
            await self._deliver(event, NORMAL)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds * self.workspace.options.scale, SHORTEST_WAIT))

    async def _attempt(self, event: Event, plan: Plan, attempt: int) -> bool:
        url = self.workspace.webhook_url
        if url is None or self._client is None:
            return True
        now = clock()
        manner = manner_of(plan, attempt)
        tried = Delivery(
            svix_id=event.svix_id,
            type=event.type,
            engagement_id=event.engagement_id,
            external_id=event.external_id,
            attempt=attempt,
            manner=manner,
            at=now,
        )
        self.workspace.journal.deliveries.append(tried)
        secrets = self.workspace.webhook_secrets
        signed_at = now + self.workspace.clock_step
        headers = signed_headers(event.svix_id, event.body, secrets, manner, signed_at)
        headers |= {"content-type": "application/json", "user-agent": "Svix-Webhooks/sandbox"}
        try:
            response = await self._client.post(url, content=event.body, headers=headers)
            tried.status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            tried.error = type(error).__name__
        tried.answered_at = clock()
        return tried.status is not None and httpx.codes.is_success(tried.status)
