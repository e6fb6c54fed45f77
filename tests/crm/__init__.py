"""Payloads as five CRM products forward WAVV's events, for fuzz and chaos tests.

``deliveries(call, product, rng)`` returns the three events of a sample call as one customer's
workflow sends them. ``renderings`` adds the values that each field may be read as. ``nameless``
returns an event without a call id. The same ``rng`` gives the same payloads.

Every value starts from the sample call, so the right metadata is known. Field names and envelopes
follow the products' public pages, which ``products.py`` links; all data is invented.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from bridge.domain.call import Kind
from bridge.simulator.wavv.delivery import PATH, Delivery
from bridge.simulator.wavv.samples import SampleCall
from tests.crm.fields import write_fields
from tests.crm.products import PRODUCTS
from tests.crm.style import Style, call_id_placeholder, make_style

__all__ = ["NAMES", "Rendering", "Style", "deliveries", "nameless", "renderings"]

NAMES = tuple(PRODUCTS)
"""The products, by name."""

KINDS = (Kind.STARTED, Kind.ENDED, Kind.RECORDED)


@dataclass(frozen=True, slots=True)
class Rendering:
    """One event of a call; ``readings`` holds the values that each metadata field may be read as.

    ``call_id`` is ``None`` if the event has no call id. ``style`` is the style of its payload.
    """

    kind: Kind
    call_id: str | None
    body: bytes
    readings: Mapping[str, tuple[Any, ...]]
    style: Style

    @property
    def delivery(self) -> Delivery:
        """The event as an unsigned request."""
        return Delivery(PATH, self.body)


def deliveries(call: SampleCall, product: str, rng: Random) -> list[Delivery]:
    """Return the call's three events, unsigned; times without a zone are in UTC.

    Each event has the call id, and the last one the recording's link.
    """
    return [rendering.delivery for rendering in renderings(call, product, rng)]


def renderings(
    call: SampleCall, product: str, rng: Random, zone: str = "UTC"
) -> tuple[Rendering, Rendering, Rendering]:
    """Return the call's three events; times without an offset are in ``zone``."""
    style = make_style(PRODUCTS[product], call, rng, zone)
    started, ended, recorded = (_rendering(call, kind, style) for kind in KINDS)
    return started, ended, recorded


def nameless(call: SampleCall, product: str, rng: Random) -> Rendering:
    """Return an event without a usable call id; the id of the delivery is present."""
    style = make_style(PRODUCTS[product], call, rng, "UTC")
    kind = rng.choice(KINDS)
    return _rendering(call, kind, style, call_id_placeholder(rng))


def _rendering(call: SampleCall, kind: Kind, style: Style, call_id: object = ...) -> Rendering:
    fields = write_fields(call, kind, style)
    if call_id is not ...:
        fields.values["call_id"] = call_id
    body = style.product.wrap(fields, style)
    raw = json.dumps(body, ensure_ascii=style.is_ascii).encode()
    named = call.call_id if call_id is ... else None
    return Rendering(kind, named, raw, fields.readings, style)
