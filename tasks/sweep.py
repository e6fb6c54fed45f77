"""The sweep, started by beat; and what it publishes for calls that got no recording."""

from bridge.broker.publisher import ROUTINE, SWEEP
from bridge.domain.steps import EXPIRE
from bridge.pipeline import sweep as pipeline
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=SWEEP, send_events=False)
def sweep(self: BridgeTask) -> None:
    """Publish what is overdue, forget what is old."""
    headers = self.request.headers or {}
    pipeline.sweep(services(), is_routine=ROUTINE in headers)


@app.task(base=BridgeTask, bind=True, name=EXPIRE.task)
def expire_recording(self: BridgeTask, *call_ids: str) -> None:
    """Let calls go that got no recording in time."""
    self.go_on(pipeline.expire(services(), call_ids))
