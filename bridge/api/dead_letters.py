"""Dead letters: events that broke their handler three times, shown, and handled again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from bridge.api.auth import require_token
from bridge.api.routes import PROBLEMS, WithServices
from bridge.broker.publisher import DRAIN

router = APIRouter(
    prefix="/api/events/set-aside", dependencies=[Depends(require_token)], responses=PROBLEMS
)


class AsideView(BaseModel):
    """A dead letter, whole."""

    id: str
    entry: str = Field(description="The place it had in the inbox, as the log names it")
    at: datetime
    source: str
    error: str
    raw: str = Field(description="The body as it came; what is not UTF-8 is replaced")


@router.get("")
def list_set_aside(
    services: WithServices, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[AsideView]:
    """List events that broke their handler three times, the newest first."""
    return [
        AsideView(
            id=one.id,
            entry=one.entry,
            at=one.at,
            source=one.source,
            error=one.error,
            raw=one.raw.decode(errors="replace"),
        )
        for one in services.dead_letters.newest(limit)
    ]


@router.post("/{aside_id}/retry", status_code=202)
def retry_set_aside(aside_id: str, services: WithServices) -> None:
    """Handle an event again, after what broke it is mended."""
    if not services.dead_letters.requeue(aside_id, services.now()):
        raise HTTPException(404, "No event with this id is set aside.")
    services.publisher.publish(DRAIN)
