"""Stores the id of AskElephant's workspace, which is needed for links to AskElephant's pages.

The page of an engagement is ``/workspaces/{workspace_id}/engagements/{engagement_id}``. The id is
in each webhook (https://docs.askelephant.ai/webhooks), but not in the API's responses.
"""

import re

import structlog
from redis import Redis

from bridge.store.keys import Keys
from bridge.store.replies import text

_WORKSPACE_ID = re.compile(r"wrks_[A-Za-z0-9]{1,100}")

log = structlog.get_logger(__name__)


class Workspace:
    """The id of AskElephant's workspace, stored in Redis."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def learn(self, workspace_id: str | None) -> None:
        """Store the workspace id from a verified webhook. A malformed id is ignored."""
        if workspace_id is None or not _WORKSPACE_ID.fullmatch(workspace_id):
            return
        former = self._redis.set(self._keys.workspace, workspace_id, get=True)
        if former is None:
            log.info("workspace.learned", workspace_id=workspace_id)
        elif text(former) != workspace_id:
            log.warning(
                "workspace.changed",
                workspace_id=workspace_id,
                former=text(former),
                detail="Links to engagements now lead to this workspace of AskElephant. Check that "
                "BRIDGE_ASKELEPHANT_API_KEY and AskElephant's webhook belong to it.",
            )

    def id(self) -> str | None:
        """Return the workspace id of the newest webhook, or ``None`` before the first webhook."""
        found = self._redis.get(self._keys.workspace)
        return None if found is None else text(found)
