"""Calls of a newer version of the bridge, met while both versions run: they are left to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bridge.errors import NewerRecord

log = structlog.get_logger(__name__)


@contextmanager
def leaving_newer() -> Iterator[None]:
    """Leave a call alone that a newer version wrote; as a decorator, return ``None`` for it.

    It stays due, so the sweep publishes its step again, until a worker of that version has it.
    """
    try:
        yield
    except NewerRecord as error:
        log.warning("record.newer", call_id=error.call_id)
