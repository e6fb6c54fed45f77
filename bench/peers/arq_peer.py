"""The bridge's job with arq as task queue: ``arq bench.peers.arq_peer.WorkerSettings``."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from arq import create_pool
from arq.connections import RedisSettings
from fastapi import FastAPI, Request, Response

from bench.peers import job, proof

REDIS = RedisSettings.from_dsn(job.REDIS_URL)


async def handle_event(ctx: job.Json, event: job.Json) -> None:
    """Store the fields of WAVV's event. Submit the call if the event has the recording."""
    redis, key = ctx["redis"], f"call:{event['data']['id']}"
    await redis.hset(key, mapping=job.fields(event))
    if event["event"] == "call.recorded":
        kept: dict[bytes, bytes] = await redis.hgetall(key)
        call = {name.decode(): value.decode() for name, value in kept.items()}
        response = await ctx["elephant"].post("/v2/engagements", json=job.engagement(call))
        submitted = {
            "state": "submitted",
            "engagement_id": response.raise_for_status().json()["id"],
        }
        await redis.hset(key, mapping=submitted)


async def fetch_insights(ctx: job.Json, event: job.Json) -> None:
    """Fetch the insights of the call."""
    path = f"/v2/engagements/{event['data']['object']['id']}"
    response = await ctx["elephant"].get(path, params=job.EXPAND)
    done = {"state": "complete", "insights": json.dumps(response.raise_for_status().json())}
    await ctx["redis"].hset(f"call:{job.call_of(event)}", mapping=done)


async def _start(ctx: job.Json) -> None:
    ctx["elephant"] = httpx.AsyncClient(base_url=job.BASE_URL, headers=job.HEADERS, timeout=120)


class WorkerSettings:
    """The options of arq's worker, with arq's defaults (10 concurrent jobs, a poll every 0.5 s)."""

    functions = (handle_event, fetch_insights)
    redis_settings = REDIS
    on_startup = _start
    max_jobs = 64
    poll_delay = 0.02
    keep_result = 0


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.queue = await create_pool(REDIS)
    yield


def create_app() -> FastAPI:
    """Create the web application, which receives the webhooks."""
    app = FastAPI(lifespan=_lifespan)

    async def enqueue(name: str, raw: bytes) -> Response:
        queue: Any = app.state.queue
        await queue.enqueue_job(name, json.loads(raw))
        return Response(status_code=202)

    @app.post("/webhooks/wavv")
    async def wavv(request: Request) -> Response:
        raw = await request.body()
        if not proof.is_wavvs(request.headers.get("X-WAVV-Signature"), raw):
            return Response(status_code=401)
        return await enqueue("handle_event", raw)

    @app.post("/webhooks/askelephant")
    async def askelephant(request: Request) -> Response:
        raw = await request.body()
        if not proof.is_elephants(raw, request.headers):
            return Response(status_code=401)
        return await enqueue("fetch_insights", raw)

    return app
