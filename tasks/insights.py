"""The task that fetches the insights of calls. It is retried until the insights are complete."""

from bridge.domain.steps import INSIGHTS
from bridge.pipeline import insights
from bridge.pipeline.places import FETCHES, place
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=INSIGHTS.task)
def fetch_insights(self: BridgeTask, *call_ids: str) -> None:
    """Fetch the insights of the calls that are due; retry for the calls that are due again."""
    with place(services(), FETCHES, call_ids) as has_place:
        if has_place:
            self.go_on(insights.fetch(services(), call_ids))
