"""Search of calls: phone numbers match in any spelling, texts in any case and Unicode form."""

import re
import unicodedata
from dataclasses import dataclass

from bridge.domain.call import Call

FEWEST_DIGITS = 3
"""A query with fewer digits is not compared with phone numbers."""

WHOLE_NUMBER = 7
"""Digits of the shortest number that is stored without its country's code."""

_PHONE = re.compile(r"\+?[\d\s().+/\-]*")
_NOT_DIGITS = re.compile(r"\D+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Search:
    """The folded text of a query, and its digits if it may be a phone number."""

    text: str
    digits: str | None

    def finds(self, call: Call) -> bool:
        """Return whether one of the call's fields contains the text, or a number the digits."""
        metadata = call.metadata
        texts = (
            call.call_id, call.engagement_id, call.external_id, call.external_url, call.reason,
            metadata.lead_name, metadata.lead_email, metadata.lead_phone, metadata.lead_id,
            metadata.agent_id, metadata.agent_name, metadata.agent_email, metadata.agent_phone,
        )  # fmt: skip
        if any(self.text in folded(text) for text in texts if text):
            return True
        phones = (metadata.lead_phone, metadata.agent_phone)
        return self.digits is not None and any(
            _is_same_number(_NOT_DIGITS.sub("", phone), self.digits) for phone in phones if phone
        )


def _is_same_number(stored: str, digits: str) -> bool:
    """Return whether a stored number contains ``digits``, or is their end without the country."""
    return digits in stored or (len(stored) >= WHOLE_NUMBER and digits.endswith(stored))


def search_for(q: str) -> Search:
    """Return the search for a query.

    A ``+`` in a URL's query is decoded as a blank: https://url.spec.whatwg.org/#urlencoded-parsing
    Zeros at the beginning of a number (``00``, or
    the ``0`` before an area code) are dropped: stored numbers begin with the country's code.
    """
    text = folded(q)
    digits = _NOT_DIGITS.sub("", text).lstrip("0") if _PHONE.fullmatch(text) else ""
    return Search(text, digits if len(digits) >= FEWEST_DIGITS else None)


def folded(text: str) -> str:
    """Return a text as it is compared: NFKC, without case, one blank for many.

    https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G34145 (D146)
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())
