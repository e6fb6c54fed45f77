"""Normalises JSON keys to letters and digits: ``Call-ID`` and ``call_id`` equal ``callId``.

Salesforce ends the names of custom fields with ``__c``:
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_objects_custom_objects.htm
"""

LONGEST_KEY = 64
"""Characters. A longer key cannot be a known key, so it is neither normalised nor cached."""

_MOST_KEYS = 4096


def plain(text: str) -> str:
    """Return the letters and digits of ``text`` in lower case."""
    return "".join(filter(str.isalnum, text.removesuffix("__c"))).lower()


class _Letters(dict[str, str]):
    """The cache of ``letters``. It stays small: a sender uses the same keys in every event."""

    def __missing__(self, key: str) -> str:
        if len(key) > LONGEST_KEY:
            return key
        letters_of_key = plain(key)
        if len(self) < _MOST_KEYS:
            self[key] = letters_of_key
        return letters_of_key


letters = _Letters().__getitem__
"""Return the normalised form of a key (see ``plain``), from a cache. Values would fill the cache,
so it is for keys only.
"""
