"""The bridge between a WAVV dialer and AskElephant."""

from importlib.metadata import version

__version__ = version("wavv-askelephant-bridge")
