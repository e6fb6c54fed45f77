"""The web process, which uvicorn starts with ``bridge.web:create_app``."""

from bridge.web.app import create_app

__all__ = ["create_app"]
