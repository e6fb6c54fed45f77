"""Models of AskElephant's responses and webhooks, tolerant of added, missing and wrong members.

Enum values are not checked and unknown keys are ignored, as AskElephant's reference requires of
clients (https://docs.askelephant.ai/llms.txt). Only the engagement's id is required. Any other
member of a wrong type is read as absent, so that the rest of the response stays usable.
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
"""The eight values of the query parameter ``expand``, which selects the insights in a response."""

_ENGAGEMENT_ID = re.compile(r"ngmt_[A-Za-z0-9]{1,200}")


def _or_absent(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Return ``value`` if it is valid, else ``None``."""
    try:
        return check(value)
    except ValidationError:
        return None


T = TypeVar("T")
Tolerant = Annotated[T | None, WrapValidator(_or_absent)]
Text = Annotated[str | None, BeforeValidator(text_of)]


def is_engagement_id(text: str) -> bool:
    """Return whether ``text`` has the documented form of an engagement id, and is safe in a URL."""
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
    """An engagement (AskElephant's record of a call). ``insights`` are those in the response.

    ``created`` is true if AskElephant created the engagement (HTTP 201), and false if it already
    existed and was returned unchanged.
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
    """Return the engagement in the JSON object of a response.

    Raises ``ValidationError`` if the engagement has no valid id. An insight of a wrong type becomes
    an empty list or ``None``.
    """
    insights: dict[str, Any] = {}
    for key in EXPANDABLE:
        value = members.get(key)
        if key in LISTS and key in members:
            items = value if isinstance(value, list) else []
            insights[key] = [item for item in items if isinstance(item, dict)]
        elif key in members:
            insights[key] = value if isinstance(value, str if key in TEXTS else dict) else None
    ours = {"insights": insights, "created": created, "request_id": request_id}
    return Engagement.model_validate({**members, **ours})


class FieldError(_Inbound):
    """One error in a 4xx response: the field of our request, and what is wrong with the field."""

    field: str | None = None
    code: str | None = None
    message: str | None = None


class ProblemBody(_Inbound):
    """The body of a 4xx response: ``application/problem+json`` or another JSON object."""

    title: Text = None
    detail: str | None = None
    request_id: Text = None
    errors: tuple[FieldError, ...] = ()


def read_problem(members: Mapping[str, Any]) -> ProblemBody:
    """Return the content of a 4xx response's body. Its keys may have many names (``refusal``)."""
    return ProblemBody.model_validate(
        {
            "title": members.get("title"),
            "detail": detail_of(members),
            "request_id": members.get("request_id") or members.get("requestId"),
            "errors": field_errors(members),
        }
    )


class EngagementNews(_Inbound):
    """The engagement in a webhook's event. The event holds neither insights nor ``external_id``."""

    id: EngagementId
    external_url: Tolerant[str] = None
    processing_status: Tolerant[str] = None


class WebhookEvent(_Inbound):
    """A webhook's event. ``engagement`` is ``None`` if the event is not about an engagement."""

    id: Tolerant[str] = None
    type: Tolerant[str] = None
    created_at: Tolerant[AwareDatetime] = None
    workspace_id: Tolerant[str] = None
    engagement: Tolerant[EngagementNews] = None


def read_event(members: Mapping[str, Any]) -> WebhookEvent:
    """Return the event in a webhook's body. The member ``data.object`` is the engagement."""
    data = members.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    return WebhookEvent.model_validate({**members, "engagement": about})
