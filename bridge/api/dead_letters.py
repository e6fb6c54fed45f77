"""The routes that list and retry dead letters (events that failed three times)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from bridge.api.auth import By, authorize
from bridge.api.routes import PROBLEMS, WithServices
from bridge.broker.publisher import DRAIN
from bridge.store.audit import Action

router = APIRouter(
    prefix="/api/events/set-aside", dependencies=[Depends(authorize)], responses=PROBLEMS
)


class DeadLetterView(BaseModel):
    """A dead letter with the body of its event."""

    id: str
    entry: str = Field(description="The id of the event's entry in the inbox, as in the log")
    at: datetime
    source: str
    error: str
    raw: str = Field(description="The body as received; bytes that are not UTF-8 are replaced")


@router.get("")
def list_dead_letters(
    services: WithServices, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[DeadLetterView]:
    """List dead letters, the newest first. These are events that failed three times."""
    return [
        DeadLetterView(
            id=letter.id,
            entry=letter.entry,
            at=letter.at,
            source=letter.source,
            error=letter.error,
            raw=letter.raw.decode(errors="replace"),
        )
        for letter in services.dead_letters.newest(limit)
    ]


@router.post("/{dead_letter_id}/retry", status_code=202)
def retry_dead_letter(dead_letter_id: str, services: WithServices, by: By) -> None:
    """Put a dead letter's event into the inbox again. Fix the cause of the error first."""
    if not services.dead_letters.requeue(dead_letter_id, services.now()):
        raise HTTPException(404, "There is no dead letter with this id.")
    services.audit.add(services.now(), by, Action.RETRY_DEAD_LETTER, [dead_letter_id])
    services.publisher.publish(DRAIN)
