"""The task that handles events from the inbox. One message is enough for many events."""

from bridge.broker.publisher import DRAIN
from bridge.pipeline import drain as pipeline
from tasks.app import app
from tasks.base import BridgeTask, services


@app.task(base=BridgeTask, bind=True, name=DRAIN, send_events=False)
def drain(self: BridgeTask) -> None:  # noqa: ARG001 - bound for its base
    """Handle webhook events until the inbox is empty."""
    pipeline.drain(services())
