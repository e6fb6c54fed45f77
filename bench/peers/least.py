"""The least: one Celery task for each of the two requests of a call, and nothing else.

This peer stores nothing, checks no signature, keeps no order and retries nothing. So any bridge
with httpx and one Celery task for each request needs at least as much CPU. The bridge can need
less, because its tasks handle up to 16 calls.
"""

import json

import httpx
from celery import Celery
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.peers import job

celery = Celery("least", broker=job.REDIS_URL)
celery.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
elephant = httpx.Client(base_url=job.BASE_URL, headers=job.HEADERS, timeout=120)

EMPTY = [(b"content-length", b"0")]


@celery.task
def submit(call: dict[str, str]) -> None:
    """Submit a call to AskElephant."""
    elephant.post("/v2/engagements", json=job.engagement(call)).raise_for_status().json()


@celery.task
def fetch(engagement_id: str) -> None:
    """Fetch the insights of a call."""
    path = f"/v2/engagements/{engagement_id}"
    elephant.get(path, params=job.EXPAND).raise_for_status().json()


def create_app() -> ASGIApp:
    """Create the web application, which receives the webhooks."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            event = json.loads((await receive())["body"] or "{}")
            if event.get("event") == "call.recorded":
                submit.delay(job.fields(event))
            elif "type" in event:
                fetch.delay(event["data"]["object"]["id"])
            await send({"type": "http.response.start", "status": 202, "headers": EMPTY})
            await send({"type": "http.response.body"})

    return app
