"""Receiving an event: read, authenticate, check, store, and only then acknowledge."""

import asyncio
import time
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bridge.errors import EventError, NotStored, Unsigned
from bridge.ingress.body import read_body
from bridge.ingress.commit import GroupCommit
from bridge.ingress.doors import Door, Knock
from bridge.problems import internal_error, problem
from bridge.store.keys import Keys

KEPT_REFUSED = 10_000
MOST_NOTING = 8
"""Refusals on their way to Redis at once. Each takes a connection, and strangers must not have all:
what is to be stored needs one.
"""

ACCEPTED = Response(status_code=202)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receiver:
    """The ASGI application behind one door."""

    door: Door
    commit: GroupCommit
    refusals: "Refusals"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 202 with an empty body for a stored event, else the problem."""
        try:
            answer = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        except EventError as error:
            answer = _refusal(error)
        except Exception:
            log.exception("answer.failed", source=self.door.source)
            answer = internal_error()
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            return problem(405, "method_not_allowed", "Send events by POST.", {"Allow": "POST"})
        headers, raw = Headers(scope=scope), None
        try:
            body = await read_body(headers, receive)
            knock = Knock(body, headers, scope["query_string"], time.time())
            key = self.door.authenticate(knock)
            raw = body
            self.door.check(knock)
            request_id = scope["state"]["request_id"]
            await self.commit.add(self.door.source, key, raw, knock.now, request_id)
        except EventError as error:
            await self._note(error, raw)
            raise
        return ACCEPTED

    async def _note(self, error: EventError, raw: bytes | None) -> None:
        """Log a refusal, and keep what is authentic: ``raw`` is ``None`` for strangers."""
        log.warning("event.refused", source=self.door.source, reason=error.reason)
        if not isinstance(error, NotStored):  # it comes again; and a store that fails is spared
            await self.refusals.keep(self.door.source, error, raw)


def _refusal(error: EventError) -> Response:
    headers = {"WWW-Authenticate": "Signature"} if isinstance(error, Unsigned) else None
    return problem(error.status, error.reason, error.detail, headers)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refused events are counted; authentic ones are also kept, for bad input never costs data."""

    redis: Redis
    keys: Keys
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_NOTING))

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
            async with asyncio.timeout(1), self.turns:
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as problem_of_redis:
            log.warning("refusal.not_kept", error=type(problem_of_redis).__name__)
