"""Faults of the whole API, such as an outage, slow responses or a rate limit for all calls."""

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
    """One fault: a delay, then a hang, then an error status instead of the API's response.

    ``delay`` is the wait before a request is processed, ``lag`` the wait after it, and ``media``
    the duration of each download, in seconds of the sandbox's time. A hang lasts until the fault
    changes. ``spoil`` changes the response after the request was processed. ``method`` limits the
    fault to ``GET`` or ``POST``. With ``gateway``, the error response has the body of a gateway.

    The error response has a Retry-After header if one is set. ``retry_after`` is sent unchanged.
    ``retry_date``, ``retry_epoch`` and ``retry_epoch_ms`` are seconds from now, sent as an
    HTTP-date, as seconds since 1970 and as milliseconds since 1970.
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
    """Holds the present fault of the API. Requests that hang end when the fault changes."""

    def __init__(self) -> None:
        self.present = Fault()
        self.changed = asyncio.Event()
        """Set when another fault replaces the present one."""

    def put(self, fault: Fault) -> None:
        """Replace the fault, and end the requests that hang because of the old fault."""
        self.present = fault
        self.changed.set()
        self.changed = asyncio.Event()

    def clear(self) -> None:
        """End the present fault."""
        self.put(Fault())

    def of(self, method: str) -> Fault:
        """Return the fault that applies to requests of ``method``."""
        return self.present if self.present.method in {None, method} else Fault()

    async def apply(self, method: str) -> None:
        """Delay, hang or fail a request as the present fault requires for this method."""
        fault = self.of(method)
        if fault.hang:
            await self.changed.wait()
            raise ApiProblem(503, "the request hung until the fault was cleared")
        if fault.status is None:
            return
        if fault.gateway is not None:
            raise GatewayError(fault.status, fault.gateway)
        now, headers = clock(), dict[str, str]()
        if fault.retry_date is not None:
            date = (now + timedelta(seconds=fault.retry_date)).replace(microsecond=0)
            headers["Retry-After"] = format_datetime(date, usegmt=True)
        elif fault.retry_epoch is not None:
            headers["Retry-After"] = str(int(now.timestamp()) + fault.retry_epoch)
        elif fault.retry_epoch_ms is not None:
            milliseconds = int(now.timestamp() * 1000) + 1000 * fault.retry_epoch_ms
            headers["Retry-After"] = str(milliseconds)
        elif fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        detail = f"fault: {status_phrase(fault.status)}"
        raise ApiProblem(fault.status, detail, headers=headers)
