"""The audit log: which API token changed what, and when. The newest 10,000 changes are kept.

The log has only names of tokens and ids: no secrets, and no data of the people in a call.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from bridge.store.keys import Keys
from bridge.store.replies import text

KEPT_CHANGES = 10_000
KEPT_TARGETS = 20
"""The most ids of changed objects that one entry of the audit log lists."""


class Action(StrEnum):
    """What an API client changed. Clients filter by the value, so no value is ever removed."""

    REPLAY_CALL = "call.replay"
    REPLAY_CALLS = "calls.replay"
    RELEASE_HOLDS = "holds.release"
    RETRY_DEAD_LETTER = "dead_letter.retry"


@dataclass(frozen=True, slots=True)
class Change:
    """One change by an API client. ``name`` is the name of the client's token.

    ``targets`` has the first of the ``count`` ids of what was changed. ``action`` is text, because
    a newer version of the bridge may have stored one that is not in ``Action``.
    """

    id: str
    at: datetime
    name: str
    action: str
    targets: list[str]
    count: int


class Audit:
    """The audit log, stored in Redis."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def add(self, now: datetime, name: str, action: Action, targets: Sequence[str]) -> None:
        """Add a change of the objects with the ids ``targets``; keep the newest 10,000 changes."""
        fields: Any = {
            "at": now.isoformat(),
            "name": name,
            "action": action,
            "targets": json.dumps(targets[:KEPT_TARGETS]),
            "count": len(targets),
        }
        self._redis.xadd(self._keys.audit, fields, maxlen=KEPT_CHANGES, approximate=False)

    def newest(self, most: int, before: str | None = None) -> list[Change]:
        """Return up to ``most`` changes, the newest first; only those before the id ``before``.

        Raises ``ValueError`` if ``before`` is no id of a change.
        """
        start = "+" if before is None else f"({before}"
        try:
            rows: Any = self._redis.xrevrange(self._keys.audit, max=start, count=most)
        except ResponseError as error:
            if "invalid" in str(error).lower():
                raise ValueError("cursor must be the next_cursor of an earlier page") from error
            raise
        return [_change(text(change_id), fields) for change_id, fields in rows]


def _change(change_id: str, fields: dict[bytes, bytes]) -> Change:
    return Change(
        id=change_id,
        at=datetime.fromisoformat(text(fields[b"at"])),
        name=text(fields[b"name"]),
        action=text(fields[b"action"]),
        targets=json.loads(fields[b"targets"]),
        count=int(fields[b"count"]),
    )
