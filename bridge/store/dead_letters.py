"""Dead letters: events whose handler kept failing. An operator can list and requeue them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event whose handler kept failing, with its body.

    ``id`` is the id of the dead letter, and ``entry`` the id that the event had in the inbox.
    """

    id: str
    entry: str
    source: str
    error: str
    raw: bytes

    @property
    def at(self) -> datetime:
        """When the event became a dead letter."""
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1000, UTC)


class DeadLetters:
    """The dead letters in Redis: the newest 10,000, and none older than the retention."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._requeue = redis.register_script(script("requeue_event"))

    def newest(self, most: int) -> list[DeadLetter]:
        """Return up to ``most`` dead letters, the newest first."""
        rows: Any = self._redis.xrevrange(self._keys.dead_letters, count=most)
        return [
            DeadLetter(
                id=text(letter_id),
                entry=text(fields.get(b"entry", b"")),
                source=text(fields.get(b"source", b"")),
                error=text(fields.get(b"error", b"")),
                raw=fields.get(b"raw", b""),
            )
            for letter_id, fields in rows
        ]

    def requeue(self, letter_id: str, now: datetime) -> bool:
        """Move a dead letter to the inbox as a new event; return whether it was found."""
        keys = [self._keys.dead_letters, self._keys.inbox]
        try:
            return bool(self._requeue(keys=keys, args=[letter_id, now.timestamp()]))
        except ResponseError as error:
            if "Invalid stream ID" in str(error):
                return False
            raise
