"""Submitting recorded calls."""

from bridge.domain.steps import SUBMIT
from bridge.pipeline import submit
from tasks.app import app
from tasks.base import BridgeTask, parts


@app.task(base=BridgeTask, bind=True, name=SUBMIT.task)
def submit_recording(self: BridgeTask, call_id: str) -> None:
    """Submit the call if it is due, and retry as its record says."""
    self.go_on(submit.submit(parts(), call_id))
