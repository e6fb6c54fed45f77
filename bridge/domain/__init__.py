"""Pure decisions: values in, values out. No clock, no socket, no Celery, no Redis."""
