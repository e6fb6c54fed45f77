"""The route of the audit: which token changed what through the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from bridge.api.auth import authorize
from bridge.api.routes import PROBLEMS, WithServices
from bridge.store.audit import KEPT_TARGETS

router = APIRouter(prefix="/api", dependencies=[Depends(authorize)], responses=PROBLEMS)


class ChangeView(BaseModel):
    """One change through the API."""

    at: datetime
    name: str = Field(description="Name of the token that the change was made with")
    action: str = Field(
        description="`call.replay`, `calls.replay`, `holds.release` or `dead_letter.retry`"
    )
    targets: list[str] = Field(
        description="Ids of what was changed: calls, dead letters, or the scopes of holds; at most "
        f"{KEPT_TARGETS}"
    )
    count: int = Field(description="How many were changed, if more than `targets` lists")


class AuditPage(BaseModel):
    """A page of changes, the newest first. ``next_cursor`` is null on the last page."""

    data: list[ChangeView]
    next_cursor: str | None


@router.get("/audit")
def list_changes(
    services: WithServices,
    cursor: Annotated[str | None, Query(max_length=50)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """List the changes made through the API, the newest first. The newest 10,000 are kept."""
    try:
        found = services.audit.newest(limit + 1, cursor or None)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    shown = found[:limit]
    return AuditPage(
        data=[
            ChangeView(
                at=change.at,
                name=change.name,
                action=change.action,
                targets=change.targets,
                count=change.count,
            )
            for change in shown
        ],
        next_cursor=shown[-1].id if len(found) > limit else None,
    )
