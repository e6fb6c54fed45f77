"""Finds the JSON object in an event's body that describes the call, and the objects around it.

Senders wrap the call's object in many ways: under several keys, several levels deep, as a JSON
string, as the only item of a list. Each field is looked up under several keys, first in the call's
object.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bridge.errors import MalformedBodyError
from bridge.strict_json import read_object
from bridge.wavv.aliases import BARE, KeyTable
from bridge.wavv.keys import letters
from bridge.wavv.names import event_kind
from bridge.wavv.placeholders import is_missing, is_missing_in, is_unrendered

NAME_KEYS = ("event", "type", "eventType", "name", "eventName", "trigger", "topic", "action")
CALL_KEYS = ("data", "payload", "customData", "body", "call")
DEPTH = 5
"""How many levels of objects may surround the call's object."""

_NAMES = tuple(map(letters, NAME_KEYS))
_WRAPPERS = (*map(letters, CALL_KEYS), "event")
"""The keys of objects that wrap the call. ``event`` is one if its value is an object, not text."""

_CONTAINERS = frozenset(
    ("object", "attributes", "properties", "fields", "detail", "details", "resource")
)
"""Keys of inner objects whose values belong to the outer object: JSON:API's ``attributes``
(https://jsonapi.org/format/#document-resource-object-attributes), Stripe's ``data.object``,
EventBridge's ``detail``."""

_WRAPPER_KEYS = frozenset(_WRAPPERS)
_STRUCTURE = _WRAPPER_KEYS.union(_NAMES)
_JOINT = re.compile(r"__|[.\[]")
"""The separator in the keys of a flattened object: ``data__id``, ``data.id``, ``data[id]``."""

_OTHER_IDS = ("evt_", "evt-", "event_", "event-", "whk_", "webhook_", "dlv_", "delivery_")
"""The prefixes of ids of webhook deliveries. Such an id is not a call id."""

Object = Mapping[str, Any]
Found = tuple[int, str, Any]
"""A value that may fill a field: its rank (the lowest is tried first), its normalised key, and the
value itself.
"""


class Level(NamedTuple):
    """One JSON object of a body: ``own`` is the object, ``values`` its values by normalised key.

    ``values`` also holds the values of inner objects: ``name`` in ``contact`` as ``contactname``.
    A value in a container such as ``attributes`` is also stored under its plain key.
    """

    own: Object
    values: Object


@dataclass(frozen=True, slots=True)
class Envelope:
    """The JSON objects of a body, from which the fields of the call are read.

    ``levels`` holds the call's object first, then the objects around it, from the inside out. In
    the outer objects only unmistakable keys are read: their ``id`` is the id of the delivery.
    """

    levels: tuple[Level, ...]
    table: KeyTable
    notes: tuple[str, ...] = ()

    def names(self, keys: Sequence[str] = NAME_KEYS) -> list[str]:
        """Return the texts that may be the event's name, those of outer objects first."""
        plain = _NAMES if keys is NAME_KEYS else tuple(map(letters, keys))
        found = [
            level.values[key]
            for level in reversed(self.levels)
            for key in plain
            if key in level.values
        ]
        return [
            name
            for name in found
            if isinstance(name, str) and not is_missing(name) and not is_unrendered(name)
        ]

    def call_ids(self) -> list[Any]:
        """Return the values that may be the call's id, the most certain first.

        The value of an unmistakable key (``callId``) in any object precedes that of a bare ``id``,
        which may be the id of the contact.
        """
        certain = [
            level.values[key]
            for level in self.levels
            if not self.table.certain.isdisjoint(level.values)
            for key in self.table.call_keys
            if key in level.values
        ]
        return certain + _bare_call_ids(self.levels[0], self.table)

    def fields(self) -> dict[str, list[Found]]:
        """Return for each field the values that may fill the field, the best one first.

        For ``sent_at`` the outermost object comes first: the call's object may hold a
        ``timestamp`` that is the same in all events of the call.
        """
        found: dict[str, list[Found]] = {}
        for number, level in enumerate(self.levels):
            for key, value in level.values.items():
                ranks = self.table.fields.get(key)
                if value is None or ranks is None or (number and key in BARE):
                    continue
                if self._is_read_inside(key, value):
                    continue
                for field, rank in ranks:
                    if not is_missing_in(field, value):
                        depth = -number if field == "sent_at" else number
                        found.setdefault(field, []).append((depth * 1000 + rank, key, value))
        for values in found.values():
            if len(values) > 1:
                values.sort(key=lambda value: value[0])
        return found

    def unread_keys(self) -> list[str]:
        """Return the keys whose value fills no field, those of the outermost object first."""
        return [
            key
            for level in reversed(self.levels)
            for key, value in level.own.items()
            if letters(key) not in self.table.fields and letters(key) not in _STRUCTURE
            if not self._is_read_inside(letters(key), value) and not is_missing(value)
            if letters(_JOINT.split(key, 1)[0]) not in _STRUCTURE
        ]

    def present_keys(self) -> list[str]:
        """Return the keys of the call's object whose value is not missing."""
        return [key for key, value in self.levels[0].own.items() if not is_missing(value)]

    def _is_read_inside(self, key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
        """Return whether ``value`` is an object, and one of its values may fill a field."""
        if not isinstance(value, dict):
            return False
        prefixes = ("", key) if key in _CONTAINERS else (key,)
        return any(letters(p + inner) in self.table.fields for inner in value for p in prefixes)


def open_envelope(top: Object, table: KeyTable) -> Envelope:
    """Find the call's object in the body ``top``: the innermost wrapped object, else ``top``.

    An empty or unreadable ``data`` is still the call's object, so that the ``id`` of the top level
    is not read as a call id. An object that has a call id is not searched for inner objects.
    """
    level, around = _level(top), list[Level]()
    notes: list[str] = []
    for _ in range(DEPTH):
        inner = _flattened(level.own)
        if not _WRAPPER_KEYS.isdisjoint(level.values):
            present = [level.values[key] for key in _WRAPPERS if key in level.values]
            inner = [wrapped for value in present if (wrapped := _wrapped(value))] + inner
        if not inner or (around and _is_call(level, table)):
            break
        notes += [note for _, note in inner if note is not None]
        levels = [_level(value) for value, _ in inner]
        chosen = levels[0]
        if len(levels) > 1:  # the object with a call id, else the first that is not empty
            certain = (other for other in levels if _has_call_key(other, table))
            named = (other for other in levels if _is_call(other, table))
            filled = (other for other in levels if other.own)
            chosen = next(certain, None) or next(named, None) or next(filled, chosen)
        around = [level, *(other for other in levels if other is not chosen), *around]
        level = chosen
    return Envelope((level, *around), table, tuple(dict.fromkeys(notes)))


def _level(own: Object) -> Level:
    """Return the level of an object: the object, and a mapping of its values by normalised key.

    A normalised key has only the letters and digits of the key, in lower case. If two keys are the
    same then, the first value that is not missing is used.
    """
    values = {letters(key): value for key, value in own.items()}
    if len(values) < len(own):
        values = {}
        for key, value in own.items():
            if is_missing(values.get(letters(key))):
                values[letters(key)] = value
    if dict in set(map(type, own.values())):
        for key, value in own.items():
            if type(value) is dict and letters(key) not in _WRAPPERS:
                is_container = letters(key) in _CONTAINERS
                for name, inside in value.items():
                    values.setdefault(letters(key + name), inside)
                    if is_container:
                        values.setdefault(letters(name), inside)
    return Level(own, values)


def _wrapped(value: Any) -> tuple[Object, str | None] | None:  # noqa: ANN401 - any JSON
    """Return ``value`` if it is an object, or the object in its JSON text or one-item list.

    Return ``None`` if there is no object. The second item is a note: a text that looks like JSON
    and cannot be parsed is returned as an empty object with a note.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        return value, None
    text = value.strip() if isinstance(value, str) and value[:200].lstrip()[:1] in '{["' else ""
    if not (text.endswith(("}", "}]", '}"')) and text.startswith(("{", "[{", '"{'))):
        return None
    try:
        return read_object(text.removeprefix("[").removesuffix("]").encode()), None
    except MalformedBodyError:
        return {}, "payload_unreadable"


def _flattened(own: Object) -> list[tuple[Object, str | None]]:
    """Return the objects that the sender flattened into joined keys. Their notes are ``None``.

    Zapier sends ``data__call_id``. Tools that flatten JSON into columns of a table or fields of a
    form send ``data.call_id`` and ``data[call_id]``.
    """
    keys = " ".join(own)
    if "__" not in keys and "." not in keys and "[" not in keys:  # ten times faster than _JOINT
        return []
    found: dict[str, dict[str, Any]] = {}
    for key, value in own.items():
        wrapper, *inner = _JOINT.split(key.removesuffix("__c"), 1)
        if inner and inner[0] and letters(wrapper) in _WRAPPERS:
            found.setdefault(wrapper, {})[inner[0].removesuffix("]")] = value
    return [(inner, None) for inner in found.values()]


def _has_call_key(level: Level, table: KeyTable) -> bool:
    return any(not is_missing(level.values.get(key)) for key in table.call_keys)


def _is_call(level: Level, table: KeyTable) -> bool:
    """Return whether the object has a call id, and does not describe the webhook delivery."""
    names = (level.values.get(key) for key in _NAMES)
    if any(isinstance(name, str) and event_kind(name) for name in names):
        return False
    return _has_call_key(level, table) or bool(_bare_call_ids(level, table))


def _bare_call_ids(level: Level, table: KeyTable) -> list[Any]:
    """Return the values of bare keys such as ``id`` that may be the call's id.

    The list is empty for an object with an unmistakable key such as ``callId``, even if the value
    of that key is missing: then ``id`` identifies something else.
    """
    if not table.certain.isdisjoint(level.values):
        return []
    ids: list[Any] = []
    for key in table.bare_call_keys:
        value = level.values.get(key)
        is_deliverys = isinstance(value, str) and value.lstrip().lower().startswith(_OTHER_IDS)
        is_merge_field = isinstance(value, str) and is_unrendered(value)
        if not (is_missing(value) or is_deliverys or is_merge_field):
            ids.append(value)
    return ids
