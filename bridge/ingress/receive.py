"""Receives webhooks' events: reads, authenticates, checks, stores and then acknowledges each."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bridge.asgi.in_flight import BodiesInFlight, Share, bodies_full
from bridge.asgi.problems import internal_error, problem
from bridge.asgi.request_body import (
    BODY_SECONDS,
    Body,
    checked_length,
    too_large,
    too_slow,
)
from bridge.errors import EventError, NotStoredError, UnknownPathError, UnsignedError
from bridge.ingress.group_commit import GroupCommit
from bridge.ingress.oversize import EXAMINED_LIMIT, Authentic, examine
from bridge.ingress.sources import IncomingRequest, WebhookSource
from bridge.reasons import Reason
from bridge.store.keys import Keys
from bridge.store.refusal import REFUSAL, Refusal
from bridge.store.sources import REASON, REFUSALS_KEPT, REFUSED, hour

KEPT_REFUSED = 10_000
MOST_NOTING = 8
"""How many refusals are written to Redis at the same time. Each one uses a connection.

Without this bound, senders of unauthenticated requests could use up the connections that are
needed to store events.
"""

ACCEPTED = Response(status_code=202)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receiver:
    """The ASGI application that receives the events of one source, WAVV or AskElephant.

    ``limit`` is the largest size of an event in bytes.
    """

    source: WebhookSource
    commit: GroupCommit
    refusals: "Refusals"
    bodies: BodiesInFlight
    limit: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond 202 with an empty body if the event is stored, else with a problem document."""
        share = self.bodies.share()
        try:
            response = await self._respond(scope, receive, share)
        except ClientDisconnect:
            return
        except EventError as error:
            response = _refusal(error)
        except Exception:
            log.exception(
                "response.internal_error",
                source=self.source.name,
                detail="The sender got 500. This is a bug: report it with this traceback.",
            )
            response = internal_error()
        finally:
            share.release()
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, share: Share) -> Response:
        if scope["method"] != "POST":
            return problem(
                405, Reason.METHOD_NOT_ALLOWED, "Send events by POST.", {"Allow": "POST"}
            )
        delivery = Delivery(Headers(scope=scope), scope["query_string"], time.time())
        request_id: str = scope["state"]["request_id"]
        key, raw = None, b""
        authentic: Authentic | None = None
        try:
            received = await self._receive(delivery, receive, share)
            if isinstance(received, Oversize):
                authentic = received.authentic
                raise too_large(self.limit)
            raw = received
            request = delivery.with_body(raw)
            key = self.source.authenticate(request)
            self.source.check(request)
            await self.commit.add(self.source.name, key, raw, request.now, request_id)
        except EventError as error:
            authentic = Authentic(key, raw, len(raw)) if key is not None else authentic
            await self._note(error, authentic, delivery.now, request_id)
            raise
        return ACCEPTED

    async def _receive(
        self, delivery: "Delivery", receive: Receive, share: Share
    ) -> "bytes | Oversize":
        """Return the body, or an ``Oversize`` for a body over the limit. Raises ``EventError``.

        A body over the limit is read to its end only if the headers may belong to an authentic one.
        """
        length = checked_length(delivery.headers)
        body = Body(receive, [])
        try:
            async with asyncio.timeout(BODY_SECONDS) as share.deadline:
                raw = await body.read(self.limit, share) if length <= self.limit else None
                if raw is not None:
                    return raw
                if length > EXAMINED_LIMIT:
                    return Oversize(None)
                try:
                    proof = self.source.proof(delivery.with_body(b""))
                except EventError:
                    return Oversize(None)
                return Oversize(await examine(body.pieces(), proof) if proof else None)
        except TimeoutError:
            raise (bodies_full() if share.is_evicted else too_slow()) from None

    async def _note(
        self, error: EventError, authentic: Authentic | None, at: float, request_id: str
    ) -> None:
        """Log and count a refused event.

        If the event is authentic, also keep its body. If the body contains a call id, also show the
        refusal on the timeline of that call.
        """
        log.warning("event.refused", source=self.source.name, reason=error.reason,
                    status=error.status, detail=error.detail)  # fmt: skip
        if isinstance(
            error, NotStoredError
        ):  # the sender retries; a failing Redis gets no extra load
            return
        await self.refusals.keep(self.source.name, error, authentic, at)
        named = self.source.named(authentic.raw) if authentic else None
        if authentic and named:
            refused = Refusal(named.call_id, error.reason, named.event, authentic.size)
            with suppress(NotStoredError):  # it is logged, and the response reports the refusal
                await self.commit.add(REFUSAL, authentic.key, refused.raw(), at, request_id)


class Delivery(NamedTuple):
    """A webhook request before its body is read. ``now`` is in seconds since 1970."""

    headers: Headers
    query: bytes
    now: float

    def with_body(self, raw: bytes) -> IncomingRequest:
        """Create the request with this body."""
        return IncomingRequest(raw, self.headers, self.query, self.now)


@dataclass(frozen=True, slots=True)
class UnknownReceiver:
    """The ASGI application for events sent to an unknown path under ``/webhooks``."""

    paths: Sequence[str]
    refusals: "Refusals"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond 404. The response's detail names the correct paths."""
        right = " or ".join(f"`{path}`" for path in self.paths)
        error = UnknownPathError(
            Reason.UNKNOWN_PATH, f"This path receives no events. Send them to {right}."
        )
        log.warning("event.refused", source="unknown", reason=error.reason,
                    status=error.status, detail=error.detail)  # fmt: skip
        await self.refusals.keep("unknown", error, None, time.time())
        await _refusal(error)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Oversize:
    """A body over the limit. ``authentic`` is ``None`` if it was not shown to be authentic."""

    authentic: Authentic | None


def _refusal(error: EventError) -> Response:
    headers = {"WWW-Authenticate": "Signature"} if isinstance(error, UnsignedError) else None
    return problem(error.status, error.reason, error.detail, headers)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Counts refused events, and keeps the bodies of authentic ones in Redis."""

    redis: Redis
    keys: Keys
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_NOTING))

    async def keep(
        self, source: str, error: EventError, authentic: Authentic | None, at: float
    ) -> None:
        """Count a refusal at the time ``at``. If ``authentic`` is given, store body and reason.

        ``bridge.store.sources`` reads the time and the counters of the hour. An error of Redis is
        only logged.
        """
        in_hour = self.keys.refusals(source, hour(at))
        pipe = self.redis.pipeline(transaction=False)
        pipe.hset(self.keys.signs, items=[REFUSED + source, at, REASON + source, error.reason])
        pipe.hincrby(in_hour, error.reason, 1)
        pipe.expire(in_hour, REFUSALS_KEPT)
        pipe.hincrby(self.keys.counters, f"events.refused.{error.reason}", 1)
        if authentic is not None:
            fields: dict[bytes | str, bytes | str | int] = {
                "source": source, "reason": error.reason,
                "raw": authentic.raw, "size": authentic.size,
            }  # fmt: skip
            pipe.xadd(self.keys.refused, fields, maxlen=KEPT_REFUSED)  # type: ignore[arg-type]  # redis-py's invariant dict
        try:
            async with asyncio.timeout(1), self.turns:
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as redis_error:
            log.warning(
                "refused_event.not_stored",
                source=source,
                reason=error.reason,
                error=type(redis_error).__name__,
                detail="The refusal is not counted, and the body is not kept.",
            )
