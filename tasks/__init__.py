"""When and how often: the Celery tasks. What they do is in ``bridge.pipeline``."""

from tasks.app import app as celery

__all__ = ["celery"]
