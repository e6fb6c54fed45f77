"""The task that submits recorded calls."""

from bridge.domain.steps import SUBMIT
from bridge.pipeline import submit
from bridge.pipeline.slots import SUBMISSIONS, slot
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=SUBMIT.task)
def submit_recording(self: BridgeTask, *call_ids: str) -> None:
    """Submit the calls that are due; retry for the calls that are due again."""
    with slot(services(), SUBMISSIONS, call_ids) as has_slot:
        if has_slot:
            self.go_on(submit.submit(services(), call_ids))
