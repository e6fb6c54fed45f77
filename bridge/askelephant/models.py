"""What AskElephant says, as we read it: tolerant of all it may add, leave out or get wrong.

Enums are open and unknown keys ignored (its reference: clients must accept both). Only the
engagement's id is indispensable; any other member that is not what it should be is taken as absent,
so that one odd member never costs the whole answer.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from bridge.askelephant.refusal import detail_of, field_errors, text_of
from bridge.reasons import Reason

LISTS = ("action_items", "signals", "contacts", "companies", "tags")
TEXTS = ("transcript", "media_url")
EXPANDABLE = (*LISTS, *TEXTS, "owner")
"""The eight values of ``expand``."""

_ENGAGEMENT_ID = re.compile(r"ngmt_[A-Za-z0-9]{1,200}")


def _or_absent(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError:
        return None


T = TypeVar("T")
Tolerant = Annotated[T | None, WrapValidator(_or_absent)]
Words = Annotated[str | None, BeforeValidator(text_of)]


def is_engagement_id(text: str) -> bool:
    """Tell whether ``text`` has the documented form, and so may become part of a URL."""
    return _ENGAGEMENT_ID.fullmatch(text) is not None


def _engagement_id(text: str) -> str:
    if not is_engagement_id(text):
        raise PydanticCustomError(
            Reason.ENGAGEMENT_ID_INVALID, "an engagement id is ngmt_ and letters"
        )
    return text


EngagementId = Annotated[str, AfterValidator(_engagement_id)]


class _Inbound(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Engagement(_Inbound):
    """An engagement. ``insights`` holds the expanded members that the answer carried, no others.

    ``created`` is true for HTTP 201; false = it existed already, and came back unchanged.
    """

    id: EngagementId
    title: Tolerant[str] = None
    engagement_type: Tolerant[str] = None
    processing_status: Tolerant[str] = None
    external_url: Tolerant[str] = None
    is_private: Tolerant[bool] = None
    owner_user_id: Tolerant[str] = None
    start_at: Tolerant[AwareDatetime] = None
    created_at: Tolerant[AwareDatetime] = None
    updated_at: Tolerant[AwareDatetime] = None
    insights: dict[str, Any] = Field(default_factory=dict)
    created: bool = False
    request_id: str | None = None


def read_engagement(
    members: Mapping[str, Any], *, created: bool, request_id: str | None
) -> Engagement:
    """Return the engagement in an answer; raise ``ValidationError`` when its id is no id."""
    ours = {"insights": _insights(members), "created": created, "request_id": request_id}
    return Engagement.model_validate({**members, **ours})


def _insights(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _insight(key, members[key]) for key in EXPANDABLE if key in members}


def _insight(key: str, value: object) -> object:
    """Return ``value`` if it is what ``key`` holds, else that key's way of being empty."""
    if key in LISTS:
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return value if isinstance(value, str if key in TEXTS else dict) else None


class FieldError(_Inbound):
    """What is wrong with one field of a request."""

    field: str | None = None
    code: str | None = None
    message: str | None = None


class ProblemBody(_Inbound):
    """The body of a refusal, ``application/problem+json`` or another JSON object."""

    title: Words = None
    detail: str | None = None
    request_id: Words = None
    errors: tuple[FieldError, ...] = ()


def read_problem(members: Mapping[str, Any]) -> ProblemBody:
    """Return what a refusal's body says, whatever keys it uses."""
    return ProblemBody.model_validate(
        {
            "title": members.get("title"),
            "detail": detail_of(members),
            "request_id": members.get("request_id") or members.get("requestId"),
            "errors": field_errors(members),
        }
    )


class EngagementNews(_Inbound):
    """The engagement of a webhook event: it comes unexpanded and without its external_id."""

    id: EngagementId
    external_url: Tolerant[str] = None
    processing_status: Tolerant[str] = None


class WebhookEvent(_Inbound):
    """An event of AskElephant's. ``engagement`` is ``None`` when it is about something else."""

    id: Tolerant[str] = None
    type: Tolerant[str] = None
    created_at: Tolerant[AwareDatetime] = None
    workspace_id: Tolerant[str] = None
    engagement: Tolerant[EngagementNews] = None


def read_event(members: Mapping[str, Any]) -> WebhookEvent:
    """Return the event in a webhook's body; the engagement is its ``data.object``."""
    data = members.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    return WebhookEvent.model_validate({**members, "engagement": about})
