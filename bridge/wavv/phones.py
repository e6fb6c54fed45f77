"""Converts phone numbers to E.164, and rejects texts that are no phone number."""

import re
from functools import lru_cache

import phonenumbers

NORTH_AMERICA = 1
_COUNTING = "01234567890123456789"
_AREA_AND_EXCHANGE = re.compile(r"(?![2-9]11)[2-9][0-8]\d[2-9]\d{6}")
"""A number of the North American plan. Its area codes are NXX, the middle digit is never 9, and
N11 are service codes: https://www.nanpa.com/numbering/area-codes
"""


@lru_cache(maxsize=4096)
def to_e164(text: str, region: str) -> str | None:
    """Return a phone number in the form ``+14155550100``, or ``None`` if the number is impossible.

    ``region`` (``US``) is the country of numbers without a country code: WAVV sends ten digits. A
    possible number is accepted even if it is not assigned, because numbering plans change faster
    than the library. Results are cached, because our own lines occur in every event.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # Seven digits are a number within one area only, and nothing names the area.
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    # A filler that people type into a required field of a form: one digit repeated, digits that
    # count up or down, or an area code that cannot exist.
    digits = phonenumbers.national_significant_number(number)
    is_counting = digits in _COUNTING or digits[::-1] in _COUNTING
    is_american = number.country_code == NORTH_AMERICA
    is_impossible = is_american and not _AREA_AND_EXCHANGE.fullmatch(digits)
    if len(set(digits)) == 1 or is_counting or is_impossible:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
