"""The least: a Celery task for each of a call's two requests, and nothing else.

It stores nothing, checks no signature, keeps no order and retries nothing. So no bridge with httpx
and one Celery task for each request of a call can need less CPU. The bridge's tasks are for up to
16 calls, so the bridge can need less.
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
    """Submit a call."""
    elephant.post("/v2/engagements", json=job.engagement(call)).raise_for_status().json()


@celery.task
def fetch(engagement_id: str) -> None:
    """Fetch the insights of a call."""
    path = f"/v2/engagements/{engagement_id}"
    elephant.get(path, params=job.EXPAND).raise_for_status().json()


def create_app() -> ASGIApp:
    """Return the web application."""

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
