"""Sends webhook requests to a bridge as WAVV does: in order, each signed when it is sent."""

from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from bridge.simulator.wavv.delivery import Auth, Delivery

DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one webhook request. ``status`` is ``None`` if there was no response."""

    delivery: Delivery
    status: int | None
    detail: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the bridge accepted the event, with any 2xx."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - HTTP's 2xx


def send(
    deliveries: Iterable[Delivery], base_url: str, auth: Auth, client: httpx.Client
) -> list[Outcome]:
    """Send all webhook requests in order. A failed request does not stop the later ones."""
    return [post(delivery, base_url, auth, client) for delivery in deliveries]


def post(delivery: Delivery, base_url: str, auth: Auth, client: httpx.Client) -> Outcome:
    """Send one webhook request. A connection error is returned as an outcome, not raised.

    The outcome's detail is that of the problem document (RFC 9457), else the start of the body.
    """
    signed = auth(delivery)
    url = base_url.rstrip("/") + signed.path
    try:
        response = client.post(url, content=signed.body, headers=list(signed.headers))
    except (httpx.TransportError, httpx.InvalidURL) as error:
        return Outcome(signed, None, f"{type(error).__name__}: {error}"[:DETAIL_LIMIT])
    try:
        problem = response.json()
    except ValueError:
        problem = None
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return Outcome(signed, response.status_code, str(detail or response.text)[:DETAIL_LIMIT])
