"""Sending deliveries to a bridge, as WAVV would: one after the other, each with its proof."""

from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from bridge.simulator.wavv.delivery import Auth, Delivery

DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a delivery. ``status`` is ``None`` when there was no answer at all."""

    delivery: Delivery
    status: int | None
    detail: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the bridge has it."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - HTTP's 2xx


def send(
    deliveries: Iterable[Delivery], base_url: str, auth: Auth, client: httpx.Client
) -> list[Answer]:
    """Post all deliveries in their order; one that fails does not keep the others."""
    return [post(delivery, base_url, auth, client) for delivery in deliveries]


def post(delivery: Delivery, base_url: str, auth: Auth, client: httpx.Client) -> Answer:
    """Post one delivery, proved at this moment. Trouble is an answer too, not an exception."""
    proved = auth(delivery)
    url = base_url.rstrip("/") + proved.path
    try:
        response = client.post(url, content=proved.body, headers=list(proved.headers))
    except (httpx.TransportError, httpx.InvalidURL) as error:
        return Answer(proved, None, f"{type(error).__name__}: {error}"[:DETAIL_LIMIT])
    return Answer(proved, response.status_code, _detail(response))


def _detail(response: httpx.Response) -> str:
    """Return a problem's own words (RFC 9457), else the start of whatever was answered."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    said = problem.get("detail") if isinstance(problem, dict) else None
    return str(said or response.text)[:DETAIL_LIMIT]
