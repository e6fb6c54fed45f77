"""The routes under ``/api`` for calls and statistics.

WAVV's call ids are opaque and may contain slashes, so routes match an id as a path. Routes with
more segments after the id are declared first. Clients should percent-encode the slashes of an id
(see ``bridge.api.paths``).
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BeforeValidator

from bridge.api import views
from bridge.api.auth import By, authorize
from bridge.api.pages import Query as CallQuery
from bridge.api.pages import aware, page
from bridge.api.paths import call_id_in
from bridge.asgi.problems import described
from bridge.broker.publisher import publish_next
from bridge.domain.call import Call, State
from bridge.pipeline.replay import replay
from bridge.services import Services
from bridge.store.audit import Action

PAGE = 50
BLANK_IS_NONE = BeforeValidator(lambda value: value or None)
"""Converts an empty parameter to ``None``: HTML forms send empty fields as empty strings."""

PROBLEMS = described(400, 401, 403, 404, 409, 413, 422, 429, 503)
router = APIRouter(prefix="/api", dependencies=[Depends(authorize)], responses=PROBLEMS)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


WithServices = Annotated[Services, Depends(_services)]


def _call(call_id: str, services: WithServices) -> Call:
    call = services.calls.load(call_id_in(call_id))
    if call is None:
        raise HTTPException(404, "There is no call with this id.")
    return call


WithCall = Annotated[Call, Depends(_call)]


@router.get("/calls")
def list_calls(  # noqa: PLR0913, PLR0917 - these are the query's parameters
    services: WithServices,
    state: Annotated[State | None, BLANK_IS_NONE] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    reason: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[datetime | None, BLANK_IS_NONE] = None,
    until: Annotated[datetime | None, BLANK_IS_NONE] = None,
    extra_recordings: Annotated[bool | None, BLANK_IS_NONE] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, BeforeValidator(lambda value: value or PAGE), Query(ge=1, le=200)] = PAGE,
) -> views.CallPage:
    """List calls, the newest first.

    `q` is any part of an id, name, e-mail address or link, in any case, or the digits of a phone
    number in any spelling.
    """
    bounds = aware(since), aware(until)
    query = CallQuery(state, q or None, *bounds, reason or None, bool(extra_recordings))
    try:
        found = page(services.lookup, query, cursor or None, limit)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    data = views.summaries(found.calls, services)
    damaged = services.calls.damage().count
    return views.CallPage(data=data, next_cursor=found.next_cursor, damaged=damaged)


@router.get("/calls/{call_id:path}/insights")
def show_insights(call: WithCall, services: WithServices) -> views.InsightsView:
    """Show AskElephant's insights of the call."""
    return views.insights_view(call, services.calls.insights(call))


@router.post("/calls/{call_id:path}/replay", status_code=202)
def replay_call(call: WithCall, services: WithServices, by: By) -> views.CallView:
    """Process a complete, skipped or failed call again.

    The call keeps its `external_id`, so that AskElephant creates no second engagement.
    """
    replayed = replay(services, call, by=by)
    if replayed is None:
        state = (services.calls.load(call.call_id) or call).state
        detail = f"The call is {state}: only a complete, skipped or failed one can be replayed."
        raise HTTPException(409, detail)
    services.audit.add(services.now(), by, Action.REPLAY_CALL, [call.call_id])
    publish_next(services.publisher, [replayed], services.now(), services.policy.countdown_limit)
    return views.view(replayed, services)


@router.get("/calls/{call_id:path}")
def show_call(call: WithCall, services: WithServices) -> views.CallView:
    """Show one call: its state, the reason for it, and its timeline."""
    return views.view(call, services)


@router.get("/stats")
def show_stats(services: WithServices) -> views.StatsView:
    """Show statistics: calls by state, overdue steps, events, holds, workers and counters."""
    now = services.now()
    holds, backlog = services.holds.all(now), services.inbox.backlog()
    hold = views.hold_view(holds[0]) if holds else None
    unmapped = services.counters.unmapped_agents()
    return views.StatsView(
        states=dict(services.lookup.counts()),
        overdue=dict(services.lookup.overdue(now)),
        inbox={"waiting": backlog.waiting, "oldest": backlog.oldest},
        hold=hold,
        brake=hold,
        counters=services.counters.all(),
        # Agents that have been added to the agents file by now are left out.
        unmapped_agents={a: calls for a, calls in unmapped.items() if not services.mapper.knows(a)},
        damaged=views.DamageView(**asdict(services.calls.damage())),
        sources={
            source: views.SourceView(
                received_at=signs.received_at,
                refused_at=signs.refused_at,
                refused_reason=signs.refused_reason,
            )
            for source, signs in services.sources.all(now).items()
        },
        workers=[views.WorkerView(**asdict(worker)) for worker in services.heartbeats.living(now)],
    )
