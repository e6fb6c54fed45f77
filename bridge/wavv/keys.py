"""Compares keys by letters and digits: ``Call-ID``, ``call_id`` and ``callId`` are the same key.

Salesforce ends the names of custom fields with ``__c``:
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_objects_custom_objects.htm
"""

LONGEST_KEY = 64
"""A longer key is no known key. It is neither normalised nor cached."""

_MOST_KEYS = 4096


def plain(text: str) -> str:
    """Return the letters and digits of ``text`` in lower case."""
    return "".join(filter(str.isalnum, text.removesuffix("__c"))).lower()


class _Letters(dict[str, str]):
    """The cache of ``letters``: a sender uses the same dozens of keys in every event."""

    def __missing__(self, key: str) -> str:
        if len(key) > LONGEST_KEY:
            return key
        letters_of_key = plain(key)
        if len(self) < _MOST_KEYS:
            self[key] = letters_of_key
        return letters_of_key


letters = _Letters().__getitem__
"""Return ``plain`` of a key, from a cache. For keys only: values would fill the cache."""
