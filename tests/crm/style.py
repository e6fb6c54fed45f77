"""The style of one customer's payloads, chosen once for all events of a call.

A customer sets field names, spelling and envelope once, so the three events of a call agree in
them. Missing and unrendered values differ from field to field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from bridge.simulator.wavv.samples import SampleCall
from tests.crm.values import (
    DIRECTIONS,
    NO_EMAILS,
    NO_PHONES,
    NO_TIMES,
    NOTES,
    NOTHING,
    PAGES,
    PHONES,
    UNUSABLE_LINKS,
    Written,
)

NAME_FORMS = ("unrendered", "undefined", "both", "accents", "blanks")
OFTEN, SOMETIMES, SELDOM = 0.5, 0.12, 0.04
SENT_FORMS = ("iso", "offset", "epoch ms", "epoch text", "http", "blank", "missing")
BARE_IDS = frozenset({"id", "uuid"})
OPTIONAL = (
    *("lead_name", "lead_email", "lead_id", "agent_id", "agent_name", "agent_email"),
    *("campaign_id", "outcome", "note", "human"),
)


@dataclass(frozen=True, slots=True)
class Product:
    """A CRM product; ``keys`` lists the names of each field in lower case with underscores.

    ``sides`` are names of the calling and the called number. ``milliseconds`` are names of
    durations in milliseconds. ``envelopes`` are names of the call's envelope. A product that
    ``has_objects`` may send the contact, the user and the recording as objects within the call's.
    """

    name: str
    keys: Mapping[str, tuple[str, ...]]
    sides: tuple[tuple[str, str], ...]
    spellings: tuple[str, ...]
    moments: tuple[str, ...]
    durations: tuple[str, ...]
    envelopes: tuple[str, ...]
    wrap: Callable[["Fields", "Style"], dict[str, Any]]
    milliseconds: tuple[str, ...] = ()
    is_text: bool = False
    has_objects: bool = False


@dataclass(slots=True)
class Fields:
    """The values of one event by field, and the values that each may be read as."""

    name: str
    values: dict[str, Any]
    readings: dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Style:
    """One customer's style; ``replaced`` holds the contents of fields without a good value."""

    product: Product
    call: SampleCall
    zone: str
    spelling: str
    envelope: str
    event_form: str
    keys: Mapping[str, str]
    has_sides: bool
    phone: str
    line_phone: str
    direction: str
    moment: str
    duration: str
    nothing: Any
    replaced: Mapping[str, Written]
    email_has_name: bool
    has_stray_id: bool
    is_ascii: bool
    unusable_link: Any
    no_time: Any
    no_seconds: Any
    name_form: str
    note: str
    page: Written
    flag: int
    is_padded: bool
    sent_form: str
    sent_outside: bool
    is_nested: bool
    is_incoming_only: bool

    def spelled(self, key: str) -> str:
        """Return the key in the customer's spelling."""
        return SPELLINGS[self.spelling](key)

    def spelled_values(self, fields: Fields) -> dict[str, Any]:
        """Return the values under their spelled keys, as text if the product sends only text."""
        named = {self.spelled(self.keys[field]): fields.values[field] for field in fields.values}
        return {key: self.as_sent(value) for key, value in named.items()}

    def as_sent(self, value: object) -> object:
        """Return the value in its JSON type, or as text if the product sends only text."""
        if not self.product.is_text or isinstance(value, str):
            return value
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else str(value)


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(part.capitalize() for part in others)


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "snake": lambda key: key,
    "camel": _camel,
    "pascal": lambda key: "".join(part.capitalize() for part in key.split("_")),
    "kebab": lambda key: key.replace("_", "-"),
    "title": lambda key: " ".join(part.capitalize() for part in key.split("_")),
    "upper": str.upper,
    "capitals": lambda key: key.replace("_", " ").upper(),
    "custom field": lambda key: "_".join(part.capitalize() for part in key.split("_")) + "__c",
}

EVENT_NAMES: Mapping[str, Callable[[str], str]] = {
    "dotted": lambda kind: f"call.{kind}",
    "pascal": lambda kind: f"Call{kind.capitalize()}",
    "camel": lambda kind: f"call{kind.capitalize()}",
    "upper": lambda kind: f"CALL_{kind.upper()}",
    "handler": lambda kind: f"ON_CALL_{kind.upper()}",
    "trigger": lambda kind: f"wavv_trigger_call_{kind}",
    "title": lambda kind: f"Call {kind.capitalize()}",
}


def make_style(product: Product, call: SampleCall, rng: Random, zone: str) -> Style:
    """Choose the style of the customer's payloads of this call."""
    duration, duration_key = _duration(product, rng)
    keys = {field: rng.choice(names) for field, names in product.keys.items()}
    return Style(
        product=product,
        call=call,
        zone=zone,
        spelling=rng.choice(product.spellings),
        envelope=rng.choice(product.envelopes),
        event_form=rng.choice(list(EVENT_NAMES)),
        keys=keys | {"seconds": duration_key} | _side_keys(product, call, rng),
        has_sides=rng.random() < OFTEN,
        phone=rng.choice(list(PHONES)),
        line_phone=rng.choice(list(PHONES)),
        direction=rng.choice(list(DIRECTIONS)),
        moment=rng.choice(product.moments),
        duration=duration,
        nothing=rng.choice(NOTHING),
        replaced=_replaced(call, rng),
        email_has_name=rng.random() < SOMETIMES,
        has_stray_id=keys["call_id"] not in BARE_IDS and rng.random() < OFTEN,
        is_ascii=rng.random() < OFTEN,
        unusable_link=rng.choice((*NOTHING, *UNUSABLE_LINKS)),
        no_time=rng.choice((*NOTHING, *NO_TIMES)),
        no_seconds=rng.choice((*NOTHING, -1, "NaN")),
        name_form=rng.choice(NAME_FORMS) if rng.random() < SOMETIMES else "plain",
        note=rng.choice(NOTES),
        page=rng.choice(PAGES),
        flag=rng.randrange(99),
        is_padded=rng.random() < SOMETIMES,
        sent_form=rng.choice(SENT_FORMS),
        sent_outside=rng.random() < OFTEN,
        is_nested=product.has_objects and rng.random() < OFTEN / 2,
        is_incoming_only=call.direction == "inbound" and rng.random() < SOMETIMES,
    )


def call_id_placeholder(rng: Random) -> object:
    """Return the content of a call id whose template failed."""
    return rng.choice((*NOTHING, 0, "0"))


def _duration(product: Product, rng: Random) -> tuple[str, str]:
    """Return form and key of the talk time; some keys name milliseconds."""
    if product.milliseconds and rng.random() < OFTEN:
        form = rng.choice(("milliseconds", "milliseconds text"))
        return form, rng.choice(product.milliseconds)
    return rng.choice(product.durations), rng.choice(product.keys["seconds"])


def _side_keys(product: Product, call: SampleCall, rng: Random) -> dict[str, str]:
    """Return the keys of lead and agent as calling and called number, by the direction."""
    calling, called = rng.choice(product.sides)
    if call.direction == "inbound":
        return {"lead_side": calling, "agent_side": called}
    return {"lead_side": called, "agent_side": calling}


def _replaced(call: SampleCall, rng: Random) -> dict[str, Written]:
    """Return the contents of fields for which the sender has no good value."""
    replaced = {
        field: Written(rng.choice(NOTHING), (None,))
        for field in OPTIONAL
        if rng.random() < SOMETIMES
    }
    if "agent_email" in replaced:  # the product may have the user's address elsewhere
        address = f"{call.agent_id}@example.org"
        replaced["agent_email"] = replaced["agent_email"]._replace(readings=(None, address))
    if rng.random() < SELDOM:
        phone = rng.choice(NO_PHONES)
        replaced["lead_phone"] = Written(phone, (None, phone))
    if rng.random() < SELDOM:
        email = rng.choice(NO_EMAILS)
        replaced["lead_email"] = Written(email, (None, email))
    return replaced
