"""The naive peer: FastAPI, ``task.delay(payload)`` per event, a Redis hash per call."""

import json
from typing import Any

import httpx
from celery import Celery
from fastapi import FastAPI, Request, Response
from redis import Redis

from bench.peers import job, proof

celery = Celery("naive", broker=job.REDIS_URL)
celery.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
redis: Any = Redis.from_url(job.REDIS_URL, decode_responses=True)
elephant = httpx.Client(base_url=job.BASE_URL, headers=job.HEADERS, timeout=120)


@celery.task
def handle_event(event: job.Json) -> None:
    """Store the fields of WAVV's event. Submit the call if the event has the recording."""
    key = f"call:{event['data']['id']}"
    redis.hset(key, mapping=job.fields(event))
    if event["event"] == "call.recorded":
        call: dict[str, str] = redis.hgetall(key)
        response = elephant.post("/v2/engagements", json=job.engagement(call)).raise_for_status()
        submitted = {"state": "submitted", "engagement_id": response.json()["id"]}
        redis.hset(key, mapping=submitted)


@celery.task
def fetch_insights(event: job.Json) -> None:
    """Fetch the insights of the call."""
    engagement_id = event["data"]["object"]["id"]
    response = elephant.get(
        f"/v2/engagements/{engagement_id}", params=job.EXPAND
    ).raise_for_status()
    done = {"state": "complete", "insights": json.dumps(response.json())}
    redis.hset(f"call:{job.call_of(event)}", mapping=done)


def create_app() -> FastAPI:
    """Create the web application, which receives the webhooks."""
    app = FastAPI()

    @app.post("/webhooks/wavv")
    async def wavv(request: Request) -> Response:
        raw = await request.body()
        if not proof.is_wavvs(request.headers.get("X-WAVV-Signature"), raw):
            return Response(status_code=401)
        handle_event.delay(json.loads(raw))
        return Response(status_code=202)

    @app.post("/webhooks/askelephant")
    async def askelephant(request: Request) -> Response:
        raw = await request.body()
        if not proof.is_elephants(raw, request.headers):
            return Response(status_code=401)
        fetch_insights.delay(json.loads(raw))
        return Response(status_code=202)

    return app
