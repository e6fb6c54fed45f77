"""The routes that show and end holds (pauses of requests to AskElephant)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from bridge.api import views
from bridge.api.auth import By, authorize
from bridge.api.routes import PROBLEMS, WithServices
from bridge.pipeline.release import release_holds
from bridge.store.audit import Action

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
    released = release_holds(services, scope, by)
    if released:
        scopes = [hold.step or "all" for hold in released]
        services.audit.add(services.now(), by, Action.RELEASE_HOLDS, scopes)
    return views.ReleasedView(released=[views.hold_view(hold) for hold in released])
