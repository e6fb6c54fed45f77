"""Comparing keys by letters and digits: ``Call-ID``, ``call_id`` and ``callId`` are one key.

Salesforce ends the names of custom fields with ``__c``:
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_objects_custom_objects.htm
"""

LONGEST_KEY = 64
"""A longer key is no known key; it is not normalised, and not kept in the cache."""

_MOST_KEYS = 4096
_KNOWN: dict[str, str] = {}
"""A cache: a sender uses the same keys in every event, and each event has dozens of them."""


def letters(key: str) -> str:
    """Return the letters and digits of ``key``, without case."""
    known = _KNOWN.get(key)
    if known is not None:
        return known
    if len(key) > LONGEST_KEY:
        return key
    plain = "".join(filter(str.isalnum, key.removesuffix("__c"))).lower()
    if len(_KNOWN) < _MOST_KEYS:
        _KNOWN[key] = plain
    return plain
