"""Searches calls. Phone numbers match in any spelling, texts in any case and Unicode form."""

import re
import unicodedata
from dataclasses import dataclass

from bridge.domain.call import Call

FEWEST_DIGITS = 3
"""The fewest digits of a query that is compared with phone numbers."""

WHOLE_NUMBER = 7
"""The fewest digits of a stored number that a query with a country code can match."""

_PHONE = re.compile(r"\+?[\d\s().+/\-]*")
_NOT_DIGITS = re.compile(r"\D+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the normalised text of the query, and its digits if it may be a phone number."""

    text: str
    digits: str | None

    def finds(self, call: Call) -> bool:
        """Return whether a field of the call contains the text, or a phone number the digits.

        A stored number without a country code also matches if the query's digits end with it.
        """
        metadata = call.metadata
        texts = (
            call.call_id, call.engagement_id, call.external_id, call.external_url, call.reason,
            metadata.lead_name, metadata.lead_email, metadata.lead_phone, metadata.lead_id,
            metadata.agent_id, metadata.agent_name, metadata.agent_email, metadata.agent_phone,
        )  # fmt: skip
        if any(self.text in folded(text) for text in texts if text):
            return True
        digits = self.digits
        if digits is None:
            return False
        phones = (metadata.lead_phone, metadata.agent_phone)
        numbers = [_NOT_DIGITS.sub("", phone) for phone in phones if phone]
        return any(
            digits in number or (len(number) >= WHOLE_NUMBER and digits.endswith(number))
            for number in numbers
        )


def search_for(q: str) -> Search:
    """Create the search for a query.

    A phone number may begin with a blank instead of ``+``, because ``+`` in a URL's query is
    decoded as a blank (https://url.spec.whatwg.org/#urlencoded-parsing). Zeros at the beginning
    (``00``, or the ``0`` before an area code) are dropped, because stored numbers begin with the
    country code.
    """
    text = folded(q)
    digits = _NOT_DIGITS.sub("", text).lstrip("0") if _PHONE.fullmatch(text) else ""
    return Search(text, digits if len(digits) >= FEWEST_DIGITS else None)


def folded(text: str) -> str:
    """Normalise a text for comparison: NFKC, without case, with single blanks.

    https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G34145 (D146)
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold()
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())
