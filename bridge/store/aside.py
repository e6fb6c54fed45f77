"""Events that broke their handler: shown with their error, and put back when it is mended."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from bridge.store.keys import Keys
from bridge.store.lua import script
from bridge.store.replies import text


@dataclass(frozen=True, slots=True)
class Aside:
    """One event, whole. ``id`` is its place here, ``entry`` the one it had in the inbox."""

    id: str
    entry: str
    source: str
    error: str
    raw: bytes

    @property
    def at(self) -> datetime:
        """When it was set aside."""
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1000, UTC)


class AsideEvents:
    """What the inbox has set aside; it keeps the newest 10,000, and none beyond its retention."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._return = redis.register_script(script("return_event"))

    def newest(self, most: int) -> list[Aside]:
        """Return up to ``most`` of them, the newest first."""
        rows: Any = self._redis.xrevrange(self._keys.set_aside, count=most)
        return [
            Aside(
                id=text(at),
                entry=text(said.get(b"entry", b"")),
                source=text(said.get(b"source", b"")),
                error=text(said.get(b"error", b"")),
                raw=said.get(b"raw", b""),
            )
            for at, said in rows
        ]

    def put_back(self, aside_id: str, now: datetime) -> bool:
        """Put one back into the inbox, as if it had just come; return whether it was there."""
        keys = [self._keys.set_aside, self._keys.inbox]
        try:
            return bool(self._return(keys=keys, args=[aside_id, now.timestamp()]))
        except ResponseError as error:
            if "Invalid stream ID" in str(error):
                return False
            raise
