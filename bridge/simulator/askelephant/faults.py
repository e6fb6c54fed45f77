"""Faults of the whole API: an outage, a slow day, a rate limit for all."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from typing import Annotated, Literal

from pydantic import Field

from bridge.simulator.askelephant.gateway import GatewayBody, GatewayError, status_phrase
from bridge.simulator.askelephant.options import Given
from bridge.simulator.askelephant.problems import ApiProblem
from bridge.simulator.askelephant.spoil import Spoil
from bridge.simulator.askelephant.stamps import clock


class Fault(Given):
    """What every request meets: a delay, then a hang, then a status; or a response that goes wrong.

    ``delay``, ``lag`` and ``media`` are in seconds of the sandbox's time: before anything is done,
    after it, and for each download of media. A hang lasts until the fault changes. ``spoil`` is
    what becomes of the response when all is done. ``method`` limits the fault to ``GET`` or
    ``POST``; ``gateway`` makes the status a gateway's, with a body that is not the API's.

    Retry-After goes with the status: ``retry_after`` as it is; ``retry_date``, ``retry_epoch`` and
    ``retry_epoch_ms`` as an HTTP-date, seconds or milliseconds since 1970, so many seconds ahead.
    """

    status: Annotated[int, Field(ge=100, le=599)] | None = None
    retry_after: str | int | None = None
    hang: bool = False
    delay: float = 0
    retry_date: int | None = None
    lag: float = 0
    spoil: Spoil | None = None
    retry_epoch: int | None = None
    retry_epoch_ms: int | None = None
    media: float | None = None
    method: Literal["GET", "POST"] | None = None
    gateway: GatewayBody | None = None


class Faults:
    """The fault in force. Requests that hang in it end when it changes."""

    def __init__(self) -> None:
        self.present = Fault()
        self.changed = asyncio.Event()
        """Of the present fault: set when another takes its place."""

    def put(self, fault: Fault) -> None:
        """Replace the fault, and end the wait of requests that hang in the old one."""
        self.present = fault
        self.changed.set()
        self.changed = asyncio.Event()

    def clear(self) -> None:
        """Return to health."""
        self.put(Fault())

    def of(self, method: str) -> Fault:
        """Return the fault that requests of a method meet."""
        return self.present if self.present.method in {None, method} else Fault()

    async def meet(self, method: str) -> None:
        """Hang or raise as the present fault says."""
        fault = self.of(method)
        if fault.hang:
            await self.changed.wait()
            raise ApiProblem(503, "the request hung until the fault was cleared")
        if fault.status is None:
            return
        if fault.gateway is not None:
            raise GatewayError(fault.status, fault.gateway)
        detail = f"fault: {status_phrase(fault.status)}"
        raise ApiProblem(fault.status, detail, headers=_retry_after(fault))


def _retry_after(fault: Fault) -> dict[str, str]:
    now = clock()
    if fault.retry_date is not None:
        date = (now + timedelta(seconds=fault.retry_date)).replace(microsecond=0)
        return {"Retry-After": format_datetime(date, usegmt=True)}
    if fault.retry_epoch is not None:
        return {"Retry-After": str(int(now.timestamp()) + fault.retry_epoch)}
    if fault.retry_epoch_ms is not None:
        return {"Retry-After": str(int(now.timestamp() * 1000) + 1000 * fault.retry_epoch_ms)}
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
