"""How senders write a phone number, a time, a duration, a direction or an empty value.

Each writer returns the value in the payload and the readings that are right. If ``None`` is among
the readings, leaving the field out is right, too; ``None`` alone means that it must be left out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

NEW_YORK = timezone(timedelta(hours=-4), "Eastern Daylight Time")
LAST_MONTH = 12


class Written(NamedTuple):
    """A value in a payload, and the values that it may be read as."""

    value: Any
    readings: tuple[Any, ...]


NOTHING: tuple[Any, ...] = (
    *("undefined", "null", "None", "none", "nil", "NULL", "N/A", "n/a", "[object Object]"),
    *("(null)", "#N/A", "", "  ", None, "{{call.value}}", "{{ contact.value }}", "${call.value}"),
    *("{call_value}", "{!Task.Value__c}", [], {}),
)
"""Contents of a field without a value, or whose template failed."""

NO_TIMES: tuple[Any, ...] = (
    *(0, "0", "Invalid Date", "0000-00-00 00:00:00", "1970-01-01T00:00:00.000Z"),
    "0001-01-01T00:00:00Z",
)
"""Times that programs write for an unset time."""

UNUSABLE_LINKS = ("(pending...)", "/recordings/1.mp3", "http://recordings.wavv.example/1.mp3")
"""Texts under a recording's key that AskElephant could not fetch."""

NO_PHONES = ("anonymous", "Restricted", "sip:lead@pbx.example", "0000000000", "1234567890")
NO_EMAILS = ("n/a", "none", "a@example.com; b@example.com", "no-email", "{{contact.email}}")

PAGES: tuple[Written, ...] = (
    Written("https://crm.example.com/calls/7", ("https://crm.example.com/calls/7",)),
    Written("https://crm.example.com/contacts/{{contact.id}}", (None,)),
    Written("https://crm.example.com/contacts/undefined", (None,)),
    Written("{{call.page}}", (None,)),
)
"""Links to the call in the CRM; a link with an unrendered part is unusable."""

NOTES = ("Call back on Friday.\nAsk for Sam.", "Demande un rappel lundi, très intéressé 👍", "ok")
FLAGS: Mapping[bool, tuple[object, ...]] = {
    True: (True, "true", "True", "yes", "Yes", 1, "1", "on"),
    False: (False, "false", "False", "no", "No", 0, "0", "off"),
}

PHONES: Mapping[str, Callable[[str], object]] = {
    "ten": lambda ten: ten,
    "e164": lambda ten: f"+1{ten}",
    "eleven": lambda ten: f"1{ten}",
    "national": lambda ten: f"({ten[:3]}) {ten[3:6]}-{ten[6:]}",
    "dashes": lambda ten: f"{ten[:3]}-{ten[3:6]}-{ten[6:]}",
    "one": lambda ten: f"1-{ten[:3]}-{ten[3:6]}-{ten[6:]}",
    "spaces": lambda ten: f" +1 {ten[:3]} {ten[3:6]} {ten[6:]} ",
    "dots": lambda ten: f"{ten[:3]}.{ten[3:6]}.{ten[6:]}",
    "number": int,
    "tel": lambda ten: f"tel:+1{ten}",
    "extension": lambda ten: f"({ten[:3]}) {ten[3:6]}-{ten[6:]} ext. 12",
    "no-break": lambda ten: f"+1\u00a0{ten[:3]}\u00a0{ten[3:6]}\u2011{ten[6:]}",
}
"""Ten digits of the United States, as people and products write them."""

DURATIONS: Mapping[str, Callable[[int], object]] = {
    "number": lambda seconds: seconds,
    "text": str,
    "decimal": lambda seconds: f"{seconds}.0",
    "clock": lambda seconds: f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
    "short clock": lambda seconds: f"{seconds // 60}:{seconds % 60:02}",
    "units": lambda seconds: f"{seconds // 60}m {seconds % 60}s",
    "words": lambda seconds: f"{seconds} seconds",
    "milliseconds": lambda seconds: seconds * 1000,
    "milliseconds text": lambda seconds: str(seconds * 1000),
    "unnamed milliseconds": lambda seconds: seconds * 1000,
}
LOOSE_DURATIONS = frozenset({"short clock", "units", "words"})

DIRECTIONS: Mapping[str, Mapping[str, str]] = {
    "lower": {"inbound": "inbound", "outbound": "outbound"},
    "title": {"inbound": "Inbound", "outbound": "Outbound"},
    "upper": {"inbound": "INBOUND", "outbound": "OUTBOUND"},
    "coming": {"inbound": "incoming", "outbound": "outgoing"},
    "short": {"inbound": "in", "outbound": "out"},
    "call": {"inbound": "Inbound Call", "outbound": "Outbound Call"},
}


def written_phone(ten: str, form: str) -> Written:
    """Write the number, which must be read as E.164."""
    return Written(PHONES[form](ten), (f"+1{ten}",))


def written_seconds(seconds: int, form: str) -> Written:
    """Write the talk time; a text with units may be left out but not misread."""
    value = DURATIONS[form](seconds)
    return Written(value, (seconds, None) if form in LOOSE_DURATIONS else (seconds,))


def written_moment(at: datetime, form: str, zone: str) -> Written:
    """Write a time; ``zone`` applies to forms without one."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    if form in FRACTIONS:
        value, exact = FRACTIONS[form](at.astimezone(UTC))
        return Written(value, (exact,))
    if form == "date":
        return Written(f"{whole:%Y-%m-%d}", (None,))
    local = whole.astimezone(ZoneInfo(zone))
    if form in ("us", "us minutes"):
        return _american(local, form)
    return Written(WHOLE[form](whole, local), (whole,))


def _american(local: datetime, form: str) -> Written:
    """Write month before day, which is ambiguous up to the twelfth day of a month."""
    written = local if form == "us" else local.replace(second=0)
    pattern = "%m/%d/%Y %I:%M:%S %p" if form == "us" else "%m/%d/%Y %I:%M %p"
    right = written.astimezone(UTC)
    return Written(f"{written:{pattern}}", (right,) if written.day > LAST_MONTH else (right, None))


def _milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


FRACTIONS: Mapping[str, Callable[[datetime], tuple[object, datetime]]] = {
    "iso": lambda at: (
        f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z",
        _milliseconds(at),
    ),
    "microseconds": lambda at: (f"{at.replace(tzinfo=None).isoformat('T', 'microseconds')}Z", at),
    "salesforce": lambda at: (
        f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}+0000",
        _milliseconds(at),
    ),
    "epoch ms": lambda at: (
        int(_milliseconds(at).timestamp() * 1000 + 0.5),
        _milliseconds(at),
    ),
    "epoch ms text": lambda at: (
        str(int(_milliseconds(at).timestamp() * 1000 + 0.5)),
        _milliseconds(at),
    ),
}
WHOLE: Mapping[str, Callable[[datetime, datetime], object]] = {
    "offset": lambda at, _: at.astimezone(NEW_YORK).isoformat(),
    "epoch": lambda at, _: int(at.timestamp()),
    "epoch text": lambda at, _: str(int(at.timestamp())),
    "naive": lambda _, local: f"{local:%Y-%m-%dT%H:%M:%S}",
    "blank": lambda _, local: f"{local:%Y-%m-%d %H:%M:%S}",
    "utc": lambda at, _: f"{at:%Y-%m-%d %H:%M:%S} UTC",
    "mail": lambda at, _: format_datetime(at.astimezone(NEW_YORK)),
    "http": lambda at, _: format_datetime(at, usegmt=True),
    "javascript": lambda at, _: (
        f"{at.astimezone(NEW_YORK):%a %b %d %Y %H:%M:%S} GMT-0400 (Eastern Daylight Time)"
    ),
}
"""Forms of whole seconds: in UTC, with an offset, or in the sender's zone."""
