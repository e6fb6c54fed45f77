"""Fetching insights: scheduled by countdown, retried with backoff until the arrays are filled."""

from bridge.domain.steps import INSIGHTS
from bridge.pipeline import insights
from tasks.app import app
from tasks.base import BridgeTask, parts


@app.task(base=BridgeTask, bind=True, name=INSIGHTS.task)
def fetch_insights(self: BridgeTask, call_id: str) -> None:
    """Fetch if it is due, and retry as the call's record says."""
    self.go_on(insights.fetch(parts(), call_id))
