"""The parts of a delivery: which object holds the call, and what stands beside it.

Senders wrap the call as they like, so each value is looked up under several keys in two places.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.wavv.aliases import BARE, Aliases

NAME_KEYS = ("event", "type", "eventType", "name")
CALL_KEYS = ("data", "payload", "customData", "body", "call")

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A delivery taken apart: its top level, and the call's object. A flat one is its own call."""

    top: Object
    call: Object
    aliases: Aliases

    def find(self, field: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the first non-empty value of ``field`` (the call's, else the top level's).

        CRM workflows put the contact, and forwarders a ``call_id``, beside the call's object. An
        ``id`` there is the delivery's own, so only unmistakable keys count outside.
        """
        keys = self.aliases[field]
        found = _filled(self.call, keys)
        if not _is_scalar(found):
            found += _filled(self.top, [key for key in keys if key not in BARE])
        return _first(found)

    def find_outside(self, field: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the first non-empty value of ``field``, the top level's before the call's."""
        keys = self.aliases[field]
        return _first(_filled(self.top, keys) + _filled(self.call, keys))

    def names(self, keys: Sequence[str] = NAME_KEYS) -> list[str]:
        """Return what may be the event's name; CRM workflows have it in ``customData``."""
        found = _filled(self.top, keys) + _filled(self.call, keys)
        return [name for name in found if isinstance(name, str)]


def open_envelope(top: Object, aliases: Aliases) -> Envelope:
    """Take a delivery apart. The call's object is the first that is filled, else the top level.

    An empty ``data`` is still the call's object: the top level's ``id`` must not pass for a call's.
    """
    inner = [top[key] for key in CALL_KEYS if isinstance(top.get(key), dict)]
    call = next(filter(None, inner), inner[0] if inner else top)
    return Envelope(top, call, aliases)


def _filled(place: Object, keys: Iterable[str]) -> list[Any]:
    """Return the values under ``keys``; an empty string is a missing value."""
    found = [value for key in keys if (value := place.get(key)) is not None]
    return [one for one in found if not (isinstance(one, str) and not one.strip())]


def _is_scalar(found: Sequence[Any]) -> bool:
    return any(not isinstance(one, dict | list) for one in found)


def _first(found: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return the first scalar, else the last of the others, which is noted as unreadable."""
    scalars = (one for one in found if not isinstance(one, dict | list))
    return next(scalars, found[-1] if found else None)
