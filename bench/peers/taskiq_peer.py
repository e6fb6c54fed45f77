"""The bridge's job with taskiq as queue: ``taskiq worker bench.peers.taskiq_peer:broker``."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis
from taskiq_redis import RedisStreamBroker

from bench.peers import job, proof

broker = RedisStreamBroker(job.REDIS_URL)
redis: Any = Redis.from_url(job.REDIS_URL, decode_responses=True)
elephant = httpx.AsyncClient(base_url=job.BASE_URL, headers=job.HEADERS, timeout=120)


@broker.task
async def handle_event(event: job.Json) -> None:
    """Store the fields of WAVV's event. Submit the call if the event has the recording."""
    key = f"call:{event['data']['id']}"
    await redis.hset(key, mapping=job.fields(event))
    if event["event"] == "call.recorded":
        call: dict[str, str] = await redis.hgetall(key)
        response = await elephant.post("/v2/engagements", json=job.engagement(call))
        submitted = {
            "state": "submitted",
            "engagement_id": response.raise_for_status().json()["id"],
        }
        await redis.hset(key, mapping=submitted)


@broker.task
async def fetch_insights(event: job.Json) -> None:
    """Fetch the insights of the call."""
    path = f"/v2/engagements/{event['data']['object']['id']}"
    response = await elephant.get(path, params=job.EXPAND)
    done = {"state": "complete", "insights": json.dumps(response.raise_for_status().json())}
    await redis.hset(f"call:{job.call_of(event)}", mapping=done)


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await broker.startup()
    yield


def create_app() -> FastAPI:
    """Create the web application, which receives the webhooks."""
    app = FastAPI(lifespan=_lifespan)

    @app.post("/webhooks/wavv")
    async def wavv(request: Request) -> Response:
        raw = await request.body()
        if not proof.is_wavvs(request.headers.get("X-WAVV-Signature"), raw):
            return Response(status_code=401)
        await handle_event.kiq(json.loads(raw))
        return Response(status_code=202)

    @app.post("/webhooks/askelephant")
    async def askelephant(request: Request) -> Response:
        raw = await request.body()
        if not proof.is_elephants(raw, request.headers):
            return Response(status_code=401)
        await fetch_insights.kiq(json.loads(raw))
        return Response(status_code=202)

    return app
