"""The sweep, which beat starts, and the task that ends calls without a recording."""

from bridge.broker.publisher import ROUTINE, SWEEP
from bridge.domain.steps import EXPIRE
from bridge.pipeline import sweep as pipeline
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=SWEEP, send_events=False)
def sweep(self: BridgeTask) -> None:
    """Publish overdue calls, delete old ones."""
    headers = self.request.headers or {}
    pipeline.sweep(services(), is_routine=ROUTINE in headers)


@app.task(base=BridgeTask, bind=True, name=EXPIRE.task)
def expire_recording(self: BridgeTask, *call_ids: str) -> None:
    """Move calls to ``unrecorded`` when their recording deadline has passed."""
    self.go_on(pipeline.expire(services(), call_ids))
