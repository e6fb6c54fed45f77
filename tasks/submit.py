"""Submitting recorded calls."""

from bridge.domain.steps import SUBMIT
from bridge.pipeline import submit
from bridge.pipeline.places import SUBMISSIONS, place
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=SUBMIT.task)
def submit_recording(self: BridgeTask, *call_ids: str) -> None:
    """Submit the calls that are due, and retry as their records say."""
    with place(services(), SUBMISSIONS, call_ids) as has_place:
        if has_place:
            self.go_on(submit.submit(services(), call_ids))
