"""Celery's consumer: it survives the loss of its connection, and gives back what it cannot do."""

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
    """A consumer that goes on where Celery 5.7's ends its whole worker, by ``AttributeError``.

    When its connection breaks, kombu 5.7 makes the transport forget whose it is, and still asks it:
    while messages are given back at the second of two closings, and when a
    task that outlived the connection is acknowledged. A message that could not be given back comes
    back by itself; one whose task is done is acknowledged over a new connection.

    https://github.com/celery/kombu/issues/582
    """

    connection: Connection | None
    connection_errors: tuple[type[Exception], ...]

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Leave the broken connection behind, so that what came over it can be acknowledged."""
        broken = self.connection
        transport = broken.transport if broken else None
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:  # ``self.connection`` is ``None`` by then, as it should be
            log.info("connection.abandoned", error=str(error))
        if transport is not None:
            transport.client = broken

    def stop(self) -> None:
        """Take nothing more, and give back at once what has not begun.

        Celery 5.7 gives it back when its last running task has ended, and that may take minutes.

        https://github.com/celery/celery/issues/4354
        """
        taken = tuple(state.requests.values())  # Celery forgets those that have not begun
        super().stop()
        try:
            for request in taken:
                if request not in state.active_requests and not request.acknowledged:
                    request.message.requeue()
                    request.acknowledged = True
        except self.connection_errors as error:  # they come back by themselves, later
            log.info("messages.not_given_back", error=type(error).__name__)
