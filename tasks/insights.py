"""The task that fetches the insights of calls. It is retried until the insights are complete."""

from bridge.domain.steps import INSIGHTS
from bridge.pipeline import insights
from bridge.pipeline.slots import FETCHES, slot
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=INSIGHTS.task)
def fetch_insights(self: BridgeTask, *call_ids: str) -> None:
    """Fetch the insights of the calls that are due; retry for the calls that are due again."""
    with slot(services(), FETCHES, call_ids) as has_slot:
        if has_slot:
            self.go_on(insights.fetch(services(), call_ids))
