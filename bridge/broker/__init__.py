"""The message broker: Celery's application, transport and scheduler, and publishing of tasks."""
