"""The broker: Celery's application, transport, scheduler, and the messages published to it."""
