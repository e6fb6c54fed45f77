"""An error that reaches a log with its words repeats nothing of what was said of a call."""

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
def test_a_value_that_does_not_fit_is_not_in_the_errors_words(model: type[BaseModel]) -> None:
    """Nor is the beginning of a JSON that is none: a traceback ends in these words."""
    for validate in (model.model_validate, model.model_validate_json):
        with pytest.raises(ValidationError) as raised:
            validate("Ada Alvarez")
        assert "Ada" not in str(raised.value)
