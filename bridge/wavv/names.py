"""Recognises the names of WAVV's events in all spellings.

The JavaScript SDK uses ``CallStarted``, the v3 webhooks use ``call.started``. Integrators report
``CALL_STARTED``, ``ON_CALL_STARTED``, ``callStarted`` and ``wavv_trigger_call_recorded``, too.
"""

from functools import lru_cache

from bridge.domain.call import Kind
from bridge.wavv.keys import plain

KINDS = {
    "callstarted": Kind.STARTED,
    "callincoming": Kind.STARTED,
    "callended": Kind.ENDED,
    "callrecorded": Kind.RECORDED,
}
_PREFIXES = ("on", "wavvtrigger", "wavv")


@lru_cache(maxsize=256)
def event_kind(name: str) -> Kind | None:
    """Return whether ``name`` means call started, ended or recorded; ``None`` for another event."""
    return KINDS.get(_plain(name))


def is_incoming(name: str) -> bool:
    """Return whether the event's name (``call.incoming``) means that the call is inbound."""
    return _plain(name) == "callincoming"


def _plain(name: str) -> str:
    letters = plain(name)
    for prefix in _PREFIXES:
        if letters.startswith(prefix):
            return letters.removeprefix(prefix)
    return letters
