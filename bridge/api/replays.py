"""The route that replays many calls (processes them again), page by page. A dry run only counts.

No state is stored between two requests. The cursor encodes where the next page begins, and when
its first call may be due. An interrupted replay can be started again: it then finds only the calls
that were not replayed.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from bridge.api.auth import By, authorize
from bridge.api.pages import Page, Query, aware, page
from bridge.api.routes import PROBLEMS, WithServices
from bridge.domain.call import Call, State
from bridge.pipeline.replay import replay_many
from bridge.store.audit import Action
from config.types import OptionalRate, Rate

MOST = 500
"""The most calls that one request replays, so that the response is sent within seconds."""

PACE = Rate(60, timedelta(minutes=1))
FASTEST = timedelta(seconds=0.01)
FURTHEST = timedelta(days=366)
"""How far in the future a cursor may set a due time. It bounds the harm of a wrong cursor."""

LIMIT = 16 * 1024
NO_REASON = "none"
MARK = "~"

router = APIRouter(prefix="/api", dependencies=[Depends(authorize)], responses=PROBLEMS)
log = structlog.get_logger(__name__)


def _per_hour(pace: object) -> object:
    """Convert a pace without a unit, which is in calls per second, to calls per hour."""
    if isinstance(pace, int | float) and not isinstance(pace, bool):
        return f"{3600 * pace:.0f}/h"
    return pace


def _bounded(pace: Rate | None) -> Rate | None:
    """Raise ``ValueError`` for a pace over 100 calls per second."""
    if pace is not None and pace.apart < FASTEST:
        raise ValueError("must be no faster than 100/s: no sweep publishes more")
    return pace


Moment = Annotated[datetime | None, AfterValidator(aware)]
Pace = Annotated[
    OptionalRate,
    AfterValidator(_bounded),
    BeforeValidator(_per_hour),
    WithJsonSchema({"type": ["string", "number", "null"], "examples": ["60/m", 0.5]}),
]


class ReplayOrder(BaseModel):
    """The body of a replay request. Its filters are those of the list of calls."""

    model_config = ConfigDict(extra="forbid")

    state: Literal[State.COMPLETE, State.SKIPPED, State.FAILED]
    reason: str | None = Field(None, max_length=200)
    since: Moment = Field(None, description="Only calls whose first event came then or later")
    until: Moment = Field(None, description="Only calls whose first event came earlier")
    pace: Pace = Field(
        None, description="Such as `1/s` or `500/h`, or calls per second; default `60/m`"
    )
    limit: int = Field(MOST, ge=1, description=f"Most calls of this page, at most {MOST}")
    cursor: str | None = Field(None, max_length=1200, description="`next_cursor` of the last page")
    dry_run: bool = Field(default=True, description="Only count the calls, and replay none")


class ReplayView(BaseModel):
    """The result of replaying one page of calls. ``next_cursor`` is null on the last page."""

    dry_run: bool
    matched: int
    reasons: dict[str, int] = Field(
        description="The number of matching calls by reason; `none` counts calls without one"
    )
    started: int = Field(
        description="Calls that are replayed; fewer than `matched` if some have just changed state"
    )
    first_due_at: datetime | None
    last_due_at: datetime | None
    next_cursor: str | None


async def _order(request: Request) -> ReplayOrder:
    """Read and validate the body, up to a limit of bytes, after the token was checked.

    FastAPI itself would read a body of any size, and check the token afterwards.
    """
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LIMIT:
            raise HTTPException(413, f"The body is over {LIMIT} bytes, more than an order needs.")
    try:
        return ReplayOrder.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise RequestValidationError(
            [one | {"loc": ("body", *one["loc"])} for one in found]
        ) from None


BODY = {"content": {"application/json": {"schema": ReplayOrder.model_json_schema()}}}


@router.post("/replay", responses={202: {"model": ReplayView}}, openapi_extra={"requestBody": BODY})
def replay_calls(
    order: Annotated[ReplayOrder, Depends(_order)],
    services: WithServices,
    by: By,
    response: Response,
) -> ReplayView:
    """Count the matching complete, skipped or failed calls (200), or replay them at a pace (202).

    Each call keeps its `external_id`, so that it gets no second engagement.
    """
    query = Query(order.state, None, order.since, order.until, order.reason or None)
    try:
        earliest, place = _read_cursor(order.cursor, services.now() + FURTHEST)
        found = page(services.lookup, query, place, min(order.limit, MOST))
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    start = max(services.now() + services.policy.settle, earliest)
    if order.dry_run:
        return _view(order, found, [], start)
    response.status_code = 202
    replayed = replay_many(services, found.calls, query.holds, order.pace or PACE, start, by)
    if replayed:
        ids = [call.call_id for call in replayed]
        services.audit.add(services.now(), by, Action.REPLAY_CALLS, ids)
    log.info("calls.replayed", by=by, started=len(replayed), matched=len(found.calls))
    return _view(order, found, replayed, start)


def _view(order: ReplayOrder, found: Page, replayed: list[Call], start: datetime) -> ReplayView:
    dues = [call.due_at for call in replayed if call.due_at]
    following = start + len(replayed) * (order.pace or PACE).apart
    place = found.next_cursor
    return ReplayView(
        dry_run=order.dry_run,
        matched=len(found.calls),
        reasons=dict(Counter(call.reason or NO_REASON for call in found.calls)),
        started=len(replayed),
        first_due_at=min(dues, default=None),
        last_due_at=max(dues, default=None),
        next_cursor=place and f"{following.timestamp()!r}{MARK}{place}",
    )


def _read_cursor(cursor: str | None, latest: datetime) -> tuple[datetime, str | None]:
    """Return when the next call may be due, and the cursor of the list of calls.

    Raises ``ValueError`` if ``cursor`` is not that of an earlier response, or if its time is after
    ``latest``.
    """
    at, _, place = (cursor or f"0{MARK}").partition(MARK)
    try:
        earliest = datetime.fromtimestamp(float(at), UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("cursor must be the next_cursor of an earlier response") from None
    if earliest > latest:
        raise ValueError(f"cursor sets a due time more than {FURTHEST.days} days ahead")
    return earliest, place or None
