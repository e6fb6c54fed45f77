"""The floor: the bridge's web process, changed to verify and parse events but not store them."""

from unittest.mock import patch

from starlette.types import ASGIApp

from bridge.ingress.group_commit import GroupCommit
from bridge.web import app


class Unstored(GroupCommit):
    """A group commit that reports each event as stored, without storing the event."""

    async def add(self, *_: object) -> bool:
        """Return true, as for a new event, at once."""
        return True


def create_app() -> ASGIApp:
    """Create the bridge's web application, which stores no events."""
    with patch.object(app, "GroupCommit", Unstored):
        return app.create_app()
