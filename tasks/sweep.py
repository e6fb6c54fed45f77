"""The sweep, which beat publishes, and the task for calls whose recording deadline has passed."""

from bridge.broker.publisher import ROUTINE, SWEEP
from bridge.domain.steps import EXPIRE
from bridge.pipeline import sweep as pipeline
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=SWEEP, send_events=False)
def sweep(self: BridgeTask) -> None:
    """Publish overdue calls again, and delete old calls and events."""
    headers = self.request.headers or {}
    pipeline.sweep(services(), is_routine=ROUTINE in headers)


@app.task(base=BridgeTask, bind=True, name=EXPIRE.task)
def expire_recording(self: BridgeTask, *call_ids: str) -> None:
    """Move calls whose recording deadline has passed to their next state.

    The next state is ``recorded`` if a link is known or can be fetched, else ``unrecorded``.
    """
    self.go_on(pipeline.expire(services(), call_ids))
