"""Calls that this version cannot read: a newer version's, met while both run, or damaged ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bridge.errors import DamagedRecord, NewerRecord

log = structlog.get_logger(__name__)


@contextmanager
def leaving_newer() -> Iterator[None]:
    """Leave a call alone that cannot be read; as a decorator, return ``None`` for it.

    It stays due, so the sweep publishes its step again: until a worker of the newer version has it,
    or once an hour until it is repaired.
    """
    try:
        yield
    except NewerRecord as error:
        log.warning("record.newer", call_id=error.call_id)
    except DamagedRecord as error:  # the store has listed and logged it
        log.debug("step.damaged", call_id=error.call_id)
