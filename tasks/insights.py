"""Fetching insights: scheduled by countdown, retried with backoff until the arrays are filled."""

from bridge.domain.steps import INSIGHTS
from bridge.pipeline import insights
from bridge.pipeline.places import FETCHES, place
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=INSIGHTS.task)
def fetch_insights(self: BridgeTask, *call_ids: str) -> None:
    """Fetch for the calls that are due, and retry as their records say."""
    with place(services(), FETCHES, call_ids) as has_place:
        if has_place:
            self.go_on(insights.fetch(services(), call_ids))
