"""Receiving an event: read, authenticate, check, store, and only then acknowledge."""

import asyncio
import time
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bridge.errors import EventError, NotStored, Unsigned
from bridge.ingress.body import read_body
from bridge.ingress.commit import GroupCommit
from bridge.ingress.doors import Door, Knock
from bridge.problems import problem
from bridge.store.keys import Keys

KEPT_REFUSED = 10_000
ACCEPTED = 202

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receiver:
    """The handler behind one door."""

    door: Door
    commit: GroupCommit
    refusals: "Refusals"

    async def receive(self, request: Request) -> Response:
        """Answer 202 with an empty body for a stored event, else the problem."""
        try:
            raw = await read_body(request)
        except EventError as error:
            return await self._refuse(error)
        except ClientDisconnect:
            return Response(status_code=400)
        knock = Knock(raw, request.headers, request.query_params, time.time())
        try:
            key = self.door.authenticate(knock)
        except EventError as error:
            return await self._refuse(error)
        try:
            self.door.check(knock)
            request_id = str(request.state.request_id)
            new = await self.commit.add(self.door.source, key, raw, knock.now, request_id)
        except EventError as error:
            return await self._refuse(error, raw)
        log.info("event.stored", source=self.door.source, duplicate=not new)
        return Response(status_code=ACCEPTED)

    async def _refuse(self, error: EventError, raw: bytes | None = None) -> Response:
        log.warning("event.refused", source=self.door.source, reason=error.reason)
        if not isinstance(error, NotStored):  # it comes again; and a store that fails is spared
            await self.refusals.keep(self.door.source, error, raw)
        headers = {"WWW-Authenticate": "Signature"} if isinstance(error, Unsigned) else None
        return problem(error.status, error.reason, error.detail, headers)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refused events are counted; authentic ones are also kept, for bad input never costs data."""

    redis: Redis
    keys: Keys

    async def keep(self, source: str, error: EventError, raw: bytes | None) -> None:
        """Count the refusal, and keep ``raw`` beside its reason; best effort, never in the way."""
        pipe = self.redis.pipeline(transaction=False)
        pipe.hincrby(self.keys.counters, f"events.refused.{error.reason}", 1)
        if raw is not None:
            fields: dict[bytes | str, bytes | str] = {
                "source": source, "reason": error.reason, "raw": raw,
            }  # fmt: skip
            pipe.xadd(self.keys.refused, fields, maxlen=KEPT_REFUSED)  # type: ignore[arg-type]  # redis-py's invariant dict
        try:
            async with asyncio.timeout(1):
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as problem_of_redis:
            log.warning("refusal.not_kept", error=type(problem_of_redis).__name__)
