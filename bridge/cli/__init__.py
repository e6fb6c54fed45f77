"""The ``bridge`` command."""

from bridge.cli.app import main

__all__ = ["main"]
