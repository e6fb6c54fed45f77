"""Finds the lead's phone number and our line (the agent's number) among the numbers of an event.

The meaning of ``from`` and ``to`` depends on the direction of the call. ``phone`` is the lead's
number, ``callerId`` our line. Integrators disagree about ``phone`` and ``callerId`` on inbound
calls, so a setting decides. A number that is known to be our line is never read as the lead's.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bridge.wavv.envelope import Found
from bridge.wavv.phones import to_e164
from bridge.wavv.read import UNRENDERED
from bridge.wavv.values import line

PHONE_FIELDS = ("lead_phone", "agent_phone", "from_phone", "to_phone")
DIRECTION_MISSING, SAME = "direction_missing", "agent_phone_is_lead_phone"
SHORTEST = 7
"""A text of zeros only is dropped if it has fewer characters than this."""

_GENERIC = frozenset({"phone", "number", "phonenumber", "mobilephone"})
_CALLER_ID = frozenset({"callerid", "calleridnumber", "wavvcallerid", "outboundcallerid"})


class Number(NamedTuple):
    """A phone number: in E.164 form, or as received if it cannot be converted.

    ``is_directed`` is true if the event sent the number under ``from`` or ``to``.
    """

    text: str
    is_e164: bool
    is_directed: bool = False


class Parties(NamedTuple):
    """The phone numbers of an event by field, and notes about numbers that could not be read.

    ``assumed`` holds the fields that are right only if the call is outbound, because the event
    names no direction. Then ``known`` also holds ``from_phone`` and ``to_phone``, so that the
    fields can be corrected after another event has named the direction.
    """

    known: Mapping[str, str]
    notes: tuple[str, ...] = ()
    assumed: frozenset[str] = frozenset()


def parties(
    found: Mapping[str, Sequence[Found]], direction: str | None, region: str, *, swaps: bool
) -> Parties:
    """Return the lead's number and the number of our line.

    If ``swaps`` is true, ``callerId`` is the lead's number and ``phone`` our line on inbound calls.
    """
    notes: list[str] = []
    numbers = {
        field: _numbers(field, found.get(field, ()), region, notes) for field in PHONE_FIELDS
    }
    phones, own = (
        _split(numbers["lead_phone"], _GENERIC),
        _split(numbers["agent_phone"], _CALLER_ID),
    )
    source, target = (
        [number._replace(is_directed=True) for _, number in numbers[field]]
        for field in ("from_phone", "to_phone")
    )
    if direction == "inbound":
        generic, caller = (own[0], phones[0]) if swaps else (phones[0], own[0])
        leads = [*_without(phones[1], target), *source, *_without(generic, target)]
        ours = [*target, *own[1], *caller]
    else:
        certain = source if direction == "outbound" else []
        leads = [*_without([*phones[0], *phones[1]], certain), *target]
        ours = [*own[0], *own[1], *source, *target]
    lead = _pick(leads)
    our_line = _pick(_without(ours, [lead] if lead else [])) or _pick(ours)
    if our_line and lead and our_line.text == lead.text:
        notes.append(SAME)
    picked = {"lead_phone": lead, "agent_phone": our_line}
    notes += [f"{field}_unparsable" for field, one in picked.items() if one and not one.is_e164]
    return _parties(picked, notes, direction, source, target)


def _parties(
    picked: Mapping[str, Number | None],
    notes: Sequence[str],
    direction: str | None,
    source: Sequence[Number],
    target: Sequence[Number],
) -> Parties:
    known = {field: number.text for field, number in picked.items() if number}
    directed = frozenset(field for field, number in picked.items() if number and number.is_directed)
    if direction in {"inbound", "outbound"} or not directed:
        return Parties(known, tuple(notes))
    ends = {"from_phone": source, "to_phone": target}
    known |= {field: numbers[0].text for field, numbers in ends.items() if numbers}
    return Parties(known, (*notes, DIRECTION_MISSING), directed)


def _numbers(
    field: str, found: Sequence[Found], region: str, notes: list[str]
) -> list[tuple[str, Number]]:
    """Return the numbers of a field with their keys. Add a note if no value can be read."""
    numbers: list[tuple[str, Number]] = []
    flaws: list[str] = []
    for _, key, value in found:
        text, flaw = line(value)
        if text is None or flaw == UNRENDERED.flaw:
            flaws += [f"{field}_{flaw}"] if flaw else []
        elif text.strip("0") or len(text) >= SHORTEST:
            e164 = to_e164(text, region)
            numbers.append((key, Number(e164 or text, e164 is not None)))
    if flaws and not numbers:
        notes.append(flaws[0])
    return numbers


def _split(
    numbers: Sequence[tuple[str, Number]], keys: frozenset[str]
) -> tuple[list[Number], list[Number]]:
    """Return the numbers under ``keys``, and all other numbers."""
    under = [number for key, number in numbers if key in keys]
    return under, [number for key, number in numbers if key not in keys]


def _without(numbers: Sequence[Number], excluded: Sequence[Number]) -> list[Number]:
    texts = {number.text for number in excluded}
    return [number for number in numbers if number.text not in texts]


def _pick(numbers: Sequence[Number]) -> Number | None:
    """Return the first number in E.164 form, else the first number, else ``None``."""
    return next((number for number in numbers if number.is_e164), next(iter(numbers), None))
