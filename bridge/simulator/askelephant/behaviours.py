"""How a call asks the sandbox to misbehave: names, the marker that carries them, and its reading.

The table in the package's docstring is this table; a test holds them against each other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

MARKER = "~"
_WORD = re.compile(r"(?P<name>[a-z0-9-]+?)(?:\.(?P<number>\d{1,9}(?:\.\d{1,9})?))?")


class Behaviour(NamedTuple):
    """What a behaviour does, and its number when the marker gives none (``None`` = takes none)."""

    line: str
    number: float | None = None


_TABLE = {
    "throttle-seconds": Behaviour("429 with Retry-After in seconds, for the first N tries", 1),
    "throttle-date": Behaviour("429 with Retry-After as an HTTP-date, for the first N tries", 1),
    "throttle-garbage": Behaviour("429 with a senseless Retry-After, for the first N tries", 1),
    "throttle-bare": Behaviour("429 without Retry-After, for the first N tries", 1),
    "throttle-epoch": Behaviour(
        "429 with Retry-After as seconds since 1970, for the first N tries", 1
    ),
    "throttle-epoch-ms": Behaviour(
        "429 with Retry-After as milliseconds since 1970, for the first N tries", 1
    ),
    "error-before-commit": Behaviour("500 before anything is made, for the first N tries", 1),
    "error-after-commit": Behaviour("500 after the engagement is made, for the first N tries", 1),
    "conflict": Behaviour("409, for the first N tries", 1),
    "own-403": Behaviour("403 as AskElephant's JSON, always"),
    "own-500": Behaviour("500, always"),
    "payment-required": Behaviour("402, for the first N tries", 1),
    "html-403": Behaviour("403 with the HTML of a firewall, for the first N tries", 1),
    "html-404": Behaviour("404 with the HTML of a gateway, for the first N tries", 1),
    "gateway-html": Behaviour("status N with the HTML of a gateway, on the first try", 400),
    "gateway-json": Behaviour("status N with a gateway's own JSON, on the first try", 403),
    "reject": Behaviour("422 with field errors, always"),
    "bad-request": Behaviour("400 with field errors, always"),
    "media-late": Behaviour("422 that blames media_url, for the first N tries", 1),
    "owner-refused": Behaviour("422 that blames the owner while the request names one"),
    "check-people": Behaviour("422 if a participant's e-mail or phone is ill-formed"),
    "shape-path": Behaviour('field errors name their field by path: ["participants", 0]'),
    "shape-loc": Behaviour('field errors are in detail, by loc: ["body", "participants", 0]'),
    "shape-param": Behaviour("one field error, by param: participants[0][email]"),
    "shape-pointer": Behaviour("field errors name their field by pointer: #/participants/0"),
    "shape-source": Behaviour("field errors name their field by source.pointer: /participants/0"),
    "shape-brackets": Behaviour("field errors name their field as participants[0].email"),
    "shape-map": Behaviour("field errors are a map of fields to lists of messages"),
    "shape-detail": Behaviour("field errors are sentences in detail"),
    "shape-message": Behaviour("field errors are sentences in message, and there is no detail"),
    "shape-error": Behaviour("field errors are sentences in error, and there is no detail"),
    "slow-media": Behaviour("the media takes N seconds to fetch, and is then accepted", 150),
    "reset": Behaviour("made, then the connection breaks half-way, for the first N tries", 1),
    "garbage-json": Behaviour("made, then a 200 that is not JSON, for the first N tries", 1),
    "collision": Behaviour("200 with an engagement of another call's external_url"),
    "normal-url": Behaviour(
        "external_url comes back with host in lower case and a slash for no path"
    ),
    "private": Behaviour("the engagement is private, whatever the request says"),
    "deleted": Behaviour(
        "deleted N seconds after the transcript; external_id then makes another", 300
    ),
    "failed": Behaviour("processing ends FAILED; there is no event"),
    "stuck": Behaviour("processing never ends"),
    "late-transcript": Behaviour(
        "processing takes N seconds longer, and the event comes after it", 7200
    ),
    "no-webhook": Behaviour("the transcript event is never sent (POST /sandbox/resend can)"),
    "early-webhook": Behaviour("the event is acknowledged before the POST is answered"),
    "late-webhook": Behaviour("the event is sent N seconds late", 300),
    "twice-webhook": Behaviour("the event is sent twice at once, same svix-id"),
    "resent-webhook": Behaviour("the event is sent N more times, same svix-id", 5),
    "unordered-webhook": Behaviour("v1.engagement.created is sent after the transcript event"),
    "two-signatures": Behaviour("the event is signed by a retired secret and a valid one"),
    "bad-signature": Behaviour("the event is signed by a wrong secret only, every time"),
    "bad-signature-first": Behaviour("the first N attempts are wrongly signed, then well", 1),
    "old-timestamp-first": Behaviour("the first N attempts carry an old timestamp, then good", 1),
    "late-insights": Behaviour("action items and signals come N seconds after the transcript", 600),
    "partial-insights": Behaviour("signals come, action items never"),
    "no-insights": Behaviour("neither action items nor signals ever come"),
    "read-missing": Behaviour("404 on the first N reads of the engagement", 1),
    "read-403": Behaviour("403 as AskElephant's JSON on every read"),
    "read-html-403": Behaviour("403 with the HTML of a firewall on the first N reads", 1),
    "read-html-404": Behaviour("404 with the HTML of a gateway on the first N reads", 1),
    "read-error": Behaviour("500 on the first N reads", 1),
    "read-throttled": Behaviour("429 with Retry-After in seconds on the first N reads", 1),
    "read-garbage": Behaviour("a 200 that is not JSON on the first N reads", 1),
    "unknown-fields": Behaviour("answers and events carry fields no one has documented"),
    "unknown-data-types": Behaviour("signals have data types no one has documented"),
    "sparse-answers": Behaviour("answers and events carry the required fields only"),
}

BEHAVIOURS: Mapping[str, str] = MappingProxyType(
    {name: behaviour.line for name, behaviour in _TABLE.items()}
)
"""Every behaviour a marker can name, with one line on what it does."""

DEFAULT_NUMBERS: Mapping[str, float] = MappingProxyType(
    {name: row.number for name, row in _TABLE.items() if row.number is not None}
)
"""What N is when the marker gives no number."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The behaviours of one call: name → number. ``unknown`` holds words that name none."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name in self.numbers

    def number(self, name: str) -> float:
        """Return the behaviour's number; 0 if the plan has not this behaviour."""
        return self.numbers.get(name, 0)


NORMAL = Plan()
"""The plan of a call that asks for nothing."""


def read_plan(words: str) -> Plan:
    """Read ``name`` or ``name.N``, joined by ``+``. Never raises: an id may hold anything."""
    numbers: dict[str, float] = {}
    unknown = []
    for word in filter(None, words.split("+")):
        number = _number_of(word)
        if number is None:
            unknown.append(word)
        else:
            numbers[word.partition(".")[0]] = number
    return Plan(numbers, tuple(unknown))


def check_behaviours(words: str) -> str:
    """Return ``words`` if each names a behaviour."""
    if unknown := read_plan(words).unknown:
        raise ValueError(f"no such behaviour: {', '.join(unknown)}")
    return words


def marker_of(external_id: str) -> str:
    """Return the text after the last ``~``, or nothing."""
    _, marker, words = external_id.rpartition(MARKER)
    return words if marker else ""


def _number_of(word: str) -> float | None:
    match = _WORD.fullmatch(word)
    behaviour = _TABLE.get(match["name"]) if match else None
    if match is None or behaviour is None:
        return None
    if match["number"] is None:
        return behaviour.number or 0
    return float(match["number"]) if behaviour.number is not None else None
