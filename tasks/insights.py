"""The task that fetches insights. It is retried until the insights are complete."""

from bridge.domain.steps import INSIGHTS
from bridge.pipeline import insights
from bridge.pipeline.places import FETCHES, place
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=INSIGHTS.task)
def fetch_insights(self: BridgeTask, *call_ids: str) -> None:
    """Fetch the insights of the calls that are due; retry when their records require it."""
    with place(services(), FETCHES, call_ids) as has_place:
        if has_place:
            self.go_on(insights.fetch(services(), call_ids))
