"""Phone numbers as E.164, where they are phone numbers at all."""

import phonenumbers


def to_e164(text: str, region: str) -> str | None:
    """Return ``text`` as ``+14155550100``, or ``None`` when it is no possible number.

    ``region`` (``US``) is the country of numbers without a country code: WAVV sends ten digits.
    Possible, not valid: numbering plans grow faster than any list of them.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # Seven digits are possible within one area only: which one, nobody said.
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
