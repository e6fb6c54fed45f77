"""Tests that validation errors of stored and received models contain no input values."""

import pytest
from pydantic import BaseModel, ValidationError

from bridge.askelephant.models import Engagement, ProblemBody, WebhookEvent
from bridge.domain.call import Call, FetchedLink, InsightsSummary, Metadata, Problem
from bridge.domain.engagement import EngagementRequest, Participant
from bridge.domain.timeline import TimelineEntry

MODELS: list[type[BaseModel]] = [
    *(Call, Metadata, Problem, FetchedLink, InsightsSummary, TimelineEntry),
    *(Engagement, ProblemBody, WebhookEvent, EngagementRequest, Participant),
]


@pytest.mark.parametrize("model", MODELS)
def test_an_invalid_value_is_not_in_the_errors_text(model: type[BaseModel]) -> None:
    """Neither an invalid value nor invalid JSON is in the text of the validation error."""
    for validate in (model.model_validate, model.model_validate_json):
        with pytest.raises(ValidationError) as raised:
            validate("Ada Alvarez")
        assert "Ada" not in str(raised.value)
