"""The message broker: Celery's application, transport and scheduler, and publishing to it."""
