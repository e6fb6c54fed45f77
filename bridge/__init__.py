"""The bridge between a WAVV dialer and AskElephant: everything that is true without Celery."""

from importlib.metadata import version

__version__ = version("wavv-askelephant-bridge")
