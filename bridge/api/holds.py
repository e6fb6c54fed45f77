"""The routes that show and end holds (pauses of requests to AskElephant)."""

from datetime import timedelta
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from bridge.api import views
from bridge.api.auth import By, authorize
from bridge.api.routes import PROBLEMS, WithServices
from bridge.pipeline.failure import wake_sweep
from bridge.store.audit import Action

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/api", dependencies=[Depends(authorize)], responses=PROBLEMS)
Scope = Annotated[
    Literal["all", "submit", "insights"] | None,
    Parameter(description="`all`, or the step of one hold. Without it every hold is released."),
]


@router.get("/hold")
def show_hold(services: WithServices) -> views.HoldsView:
    """Show why requests to AskElephant are held, since when, and when the next one is sent."""
    holds = [views.hold_view(hold) for hold in services.holds.all(services.now())]
    first = holds[0].model_dump() if holds else {}
    seconds = services.holds.most.total_seconds()
    return views.HoldsView(held=bool(holds), hold_max_seconds=seconds, holds=holds, **first)


@router.post("/hold/release")
def release_hold(services: WithServices, by: By, scope: Scope = None) -> views.ReleasedView:
    """End holds, so that requests for held calls are sent at once. A new failure may start one."""
    step = "" if scope == "all" else scope
    released = services.holds.release(services.now(), step)
    for hold in released:
        log.warning("hold.released", scope=hold.step or "all", reason=hold.reason, by=by)
        services.counters.count("holds.released_by_hand")
    if released:
        wake_sweep(services, timedelta(0))
        scopes = [hold.step or "all" for hold in released]
        services.audit.add(services.now(), by, Action.RELEASE_HOLDS, scopes)
    return views.ReleasedView(released=[views.hold_view(hold) for hold in released])
