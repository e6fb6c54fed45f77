"""A Celery consumer that survives a lost connection, and requeues its tasks when it stops."""

import structlog
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.request import Request
from kombu import Connection
from kombu.transport.virtual import Transport

from bridge.patch_guard import guard_patch

guard_patch(
    __name__,
    Consumer,
    {
        "connection": None,
        "connection_errors": None,
        "on_connection_error_after_connected": "self, exc",
        "stop": "self",
    },
)
guard_patch(__name__, state, {"active_requests": None, "requests": None})
guard_patch(__name__, Request, {"acknowledged": None, "message": None})
guard_patch(__name__, Transport, {"client": None})

log = structlog.get_logger(__name__)


class LastingConsumer(Consumer):
    """A consumer that continues when its connection breaks. Celery's consumer ends the worker.

    When a connection breaks, kombu 5.7 sets ``client`` of the transport to ``None``, and uses it
    later to requeue messages and to acknowledge tasks that ran longer than the connection lasted.
    The ``AttributeError`` ends the worker. Here the broker redelivers a message that could not be
    requeued, and a finished task is acknowledged over a new connection.

    https://github.com/celery/kombu/issues/582
    """

    connection: Connection | None
    connection_errors: tuple[type[Exception], ...]

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Handle a broken connection, and keep it on its transport.

        So the messages of the connection can still be acknowledged.
        """
        broken = self.connection
        transport = broken.transport if broken else None
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError:  # by then ``self.connection`` is ``None``, as intended
            log.info(
                "broker.connection_lost",
                error=type(exc).__name__,
                detail="The worker connects again. The broker redelivers what it has not begun.",
            )
        if transport is not None:
            transport.client = broken

    def stop(self) -> None:
        """Stop consuming, and requeue at once the messages whose tasks have not begun.

        Celery 5.7 requeues these messages only when the last running task has ended, which may be
        minutes later.

        https://github.com/celery/celery/issues/4354
        """
        received = tuple(state.requests.values())  # ``stop`` removes those that have not begun
        super().stop()
        try:
            for request in received:
                if request not in state.active_requests and not request.acknowledged:
                    request.message.requeue()
                    request.acknowledged = True
        except self.connection_errors as error:  # the broker redelivers them later
            log.info(
                "messages.requeue_failed",
                error=type(error).__name__,
                detail="The broker redelivers the messages later.",
            )
