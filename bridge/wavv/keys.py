"""Comparing keys by letters and digits: ``Call-ID``, ``call_id`` and ``callId`` are one key.

Salesforce ends the names of custom fields with ``__c``:
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_objects_custom_objects.htm
"""

from functools import lru_cache

LONGEST_KEY = 64
"""A longer key is no known key; it is not normalised, and not kept in the cache."""


def letters(key: str) -> str:
    """Return the letters and digits of ``key``, without case."""
    return _letters(key) if len(key) <= LONGEST_KEY else key


@lru_cache(maxsize=4096)
def _letters(key: str) -> str:
    """Return ``letters``, cached: a sender uses the same keys in every event."""
    return "".join(filter(str.isalnum, key.removesuffix("__c"))).lower()
