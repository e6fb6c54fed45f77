"""The Celery application and tasks of the bridge. The work itself is in ``bridge.pipeline``."""

from tasks.app import app as celery

__all__ = ["celery"]
