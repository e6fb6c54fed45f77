"""Pure decisions: functions of values, which use no clock, socket, Celery or Redis."""
