"""Celery's consumer, which must survive the loss of its connection to Redis."""

import structlog
from celery.worker.consumer import Consumer
from kombu import Connection

log = structlog.get_logger(__name__)


class LastingConsumer(Consumer):
    """A consumer that goes on where Celery 5.7's ends its whole worker, by ``AttributeError``.

    When its connection breaks, kombu 5.7 makes the transport forget whose it is, and still asks it:
    while messages are given back at the second of two closings (as once in kombu #582), and when a
    task that outlived the connection is acknowledged. A message that could not be given back comes
    back by itself; one whose task is done is acknowledged over a new connection.
    """

    connection: Connection | None

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
