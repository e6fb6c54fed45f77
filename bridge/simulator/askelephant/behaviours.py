"""The behaviours of the sandbox, and the parser of the marker in a call's id that chooses them.

The docstring of the package shows the same table. A test compares both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

MARKER = "~"
_ITEM = re.compile(r"(?P<name>[a-z0-9-]+?)(?:\.(?P<number>\d{1,9}(?:\.\d{1,9})?))?")


class Behaviour(NamedTuple):
    """What a behaviour does, and its default number (``None`` if it has no number)."""

    line: str
    number: float | None = None


_TABLE = {
    "throttle-seconds": Behaviour("429 with Retry-After in seconds, for the first N tries", 1),
    "throttle-date": Behaviour("429 with Retry-After as an HTTP-date, for the first N tries", 1),
    "throttle-garbage": Behaviour("429 with a meaningless Retry-After, for the first N tries", 1),
    "throttle-bare": Behaviour("429 without Retry-After, for the first N tries", 1),
    "throttle-epoch": Behaviour(
        "429 with Retry-After as seconds since 1970, for the first N tries", 1
    ),
    "throttle-epoch-ms": Behaviour(
        "429 with Retry-After as milliseconds since 1970, for the first N tries", 1
    ),
    "error-before-commit": Behaviour(
        "500 before the engagement is created, for the first N tries", 1
    ),
    "error-after-commit": Behaviour(
        "500 after the engagement is created, for the first N tries", 1
    ),
    "conflict": Behaviour("409, for the first N tries", 1),
    "own-403": Behaviour("403 with AskElephant's JSON, always"),
    "own-500": Behaviour("500, always"),
    "payment-required": Behaviour("402, for the first N tries", 1),
    "html-403": Behaviour("403 with the HTML of a firewall, for the first N tries", 1),
    "html-404": Behaviour("404 with the HTML of a gateway, for the first N tries", 1),
    "gateway-html": Behaviour("status N with the HTML of a gateway, on the first try", 400),
    "gateway-json": Behaviour("status N with a gateway's own JSON, on the first try", 403),
    "reject": Behaviour("422 with field errors, always"),
    "bad-request": Behaviour("400 with field errors, always"),
    "media-late": Behaviour("422 with a field error for media_url, for the first N tries", 1),
    "owner-refused": Behaviour("422 with a field error for the owner while the request names one"),
    "check-people": Behaviour("422 if a participant's e-mail or phone is malformed"),
    "shape-path": Behaviour('field errors name the field by path: ["participants", 0]'),
    "shape-loc": Behaviour('field errors are in detail, by loc: ["body", "participants", 0]'),
    "shape-param": Behaviour("one field error, by param: participants[0][email]"),
    "shape-pointer": Behaviour("field errors name the field by pointer: #/participants/0"),
    "shape-source": Behaviour("field errors name the field by source.pointer: /participants/0"),
    "shape-brackets": Behaviour("field errors name the field as participants[0].email"),
    "shape-map": Behaviour("field errors are a map of fields to lists of messages"),
    "shape-detail": Behaviour("field errors are sentences in detail"),
    "shape-message": Behaviour("field errors are sentences in message, and there is no detail"),
    "shape-error": Behaviour("field errors are sentences in error, and there is no detail"),
    "slow-media": Behaviour("fetching the media lasts N seconds, and succeeds", 150),
    "reset": Behaviour("created, then the connection breaks, for the first N tries", 1),
    "garbage-json": Behaviour("created, then a 200 that is not JSON, for the first N tries", 1),
    "collision": Behaviour("200 with an engagement that has another call's external_url"),
    "normal-url": Behaviour(
        "external_url is normalised: host in lower case, a slash for an empty path"
    ),
    "private": Behaviour("the engagement is private, whatever the request sets"),
    "deleted": Behaviour(
        "deleted N seconds after the transcript; external_id then creates another", 300
    ),
    "failed": Behaviour("processing ends FAILED; no event is sent"),
    "stuck": Behaviour("processing never ends"),
    "late-transcript": Behaviour(
        "processing lasts N seconds longer, and the event comes after it", 7200
    ),
    "no-webhook": Behaviour("the transcript event is never sent (POST /sandbox/resend can)"),
    "early-webhook": Behaviour("the event is acknowledged before the response to the POST is sent"),
    "late-webhook": Behaviour("the event is sent N seconds late", 300),
    "twice-webhook": Behaviour("the event is sent twice at once, with the same svix-id"),
    "resent-webhook": Behaviour("the event is sent N more times, with the same svix-id", 5),
    "unordered-webhook": Behaviour("v1.engagement.created is sent after the transcript event"),
    "two-signatures": Behaviour("the event is signed by a retired secret and a valid one"),
    "bad-signature": Behaviour("the event is signed by a wrong secret only, every time"),
    "bad-signature-first": Behaviour(
        "the first N attempts have a wrong signature, later ones a valid one", 1
    ),
    "old-timestamp-first": Behaviour(
        "the first N attempts have an old timestamp, later ones a current one", 1
    ),
    "late-insights": Behaviour(
        "action items and signals appear N seconds after the transcript", 600
    ),
    "partial-insights": Behaviour("signals appear, action items never"),
    "no-insights": Behaviour("neither action items nor signals appear"),
    "read-missing": Behaviour("404 on the first N reads of the engagement", 1),
    "read-403": Behaviour("403 with AskElephant's JSON on every read"),
    "read-html-403": Behaviour("403 with the HTML of a firewall on the first N reads", 1),
    "read-html-404": Behaviour("404 with the HTML of a gateway on the first N reads", 1),
    "read-error": Behaviour("500 on the first N reads", 1),
    "read-throttled": Behaviour("429 with Retry-After in seconds on the first N reads", 1),
    "read-garbage": Behaviour("a 200 that is not JSON on the first N reads", 1),
    "unknown-fields": Behaviour("responses and events have undocumented fields"),
    "unknown-data-types": Behaviour("signals have undocumented data types"),
    "sparse-answers": Behaviour("responses and events have the required fields only"),
}

BEHAVIOURS: Mapping[str, str] = MappingProxyType(
    {name: behaviour.line for name, behaviour in _TABLE.items()}
)
"""Every behaviour that a marker can name, and what the behaviour does, in one line."""

DEFAULT_NUMBERS: Mapping[str, float] = MappingProxyType(
    {name: row.number for name, row in _TABLE.items() if row.number is not None}
)
"""The number N of each behaviour, used if the marker contains no number."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The behaviours of one call, name → number. ``unknown`` holds items of no known behaviour."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name in self.numbers

    def number(self, name: str) -> float:
        """Return the number of a behaviour, or 0 if the call does not have the behaviour."""
        return self.numbers.get(name, 0)


NORMAL = Plan()
"""The plan of a call without any behaviour."""


def read_plan(text: str) -> Plan:
    """Parse behaviours in the form ``name`` or ``name.N``, several joined by ``+``.

    The function never raises, because a call id may hold any text. An item that names no behaviour,
    or has a number for a behaviour without a number, is kept in ``unknown``.
    """
    numbers: dict[str, float] = {}
    unknown = []
    for item in filter(None, text.split("+")):
        match = _ITEM.fullmatch(item)
        behaviour = _TABLE.get(match["name"]) if match else None
        given = match["number"] if match else None
        if behaviour is None or (given is not None and behaviour.number is None):
            unknown.append(item)
        else:
            number = behaviour.number or 0 if given is None else float(given)
            numbers[item.partition(".")[0]] = number
    return Plan(numbers, tuple(unknown))


def check_behaviours(text: str) -> str:
    """Return ``text`` if each item in it names a behaviour. Raises ``ValueError`` otherwise."""
    if unknown := read_plan(text).unknown:
        raise ValueError(f"no such behaviour: {', '.join(unknown)}")
    return text


def marker_of(external_id: str) -> str:
    """Return the text after the last ``~``, or an empty string if there is no ``~``."""
    _, marker, text = external_id.rpartition(MARKER)
    return text if marker else ""
