"""The web process. ``bridge.web:create_app`` is what uvicorn is started with."""

from bridge.web.app import create_app

__all__ = ["create_app"]
