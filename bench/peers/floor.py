"""The floor: the bridge's web process, which verifies and parses events, but stores none."""

from unittest.mock import patch

from starlette.types import ASGIApp

from bridge.ingress.group_commit import GroupCommit
from bridge.web import app


class Unstored(GroupCommit):
    """Reports every event as stored, without storing it."""

    async def add(self, *_: object) -> bool:
        """Return true at once."""
        return True


def create_app() -> ASGIApp:
    """Return the bridge's application without its store."""
    with patch.object(app, "GroupCommit", Unstored):
        return app.create_app()
