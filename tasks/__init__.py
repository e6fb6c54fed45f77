"""The Celery tasks: when each step runs, and how often. ``bridge.pipeline`` has the steps."""

from tasks.app import app as celery

__all__ = ["celery"]
