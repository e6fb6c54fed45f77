"""Faults of the whole API: an outage, a slow day, a limit that meets everyone."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus

from bridge.askelephant.sandbox.options import Given
from bridge.askelephant.sandbox.problems import ApiProblem
from bridge.askelephant.sandbox.spoil import Spoil
from bridge.askelephant.sandbox.stamps import clock


class Fault(Given):
    """What every request meets: a delay, then a hang, then a status; or an answer that goes wrong.

    ``delay`` and ``lag`` are in seconds of the sandbox's time: before anything is done, and after
    it. A hang lasts until the fault changes; ``retry_after`` is sent with the status, as it is, or
    as an HTTP-date so many seconds ahead (``retry_date``). ``spoil`` is what becomes of the answer
    when all is done.
    """

    status: HTTPStatus | None = None
    retry_after: str | int | None = None
    hang: bool = False
    delay: float = 0
    retry_date: int | None = None
    lag: float = 0
    spoil: Spoil | None = None


class Faults:
    """The fault in force. Requests that hang in it end when it changes."""

    def __init__(self) -> None:
        self.present = Fault()
        self.changed = asyncio.Event()
        """Of the present fault: set when another takes its place."""

    def put(self, fault: Fault) -> None:
        """Replace the fault, and let go of what hangs in the old one."""
        self.present = fault
        self.changed.set()
        self.changed = asyncio.Event()

    def clear(self) -> None:
        """Return to health."""
        self.put(Fault())

    async def meet(self) -> None:
        """Hang or raise as the present fault says."""
        fault = self.present
        if fault.hang:
            await self.changed.wait()
            raise ApiProblem(503, "the request hung until the fault was cleared")
        if fault.status is not None:
            detail = f"fault: {fault.status.phrase}"
            raise ApiProblem(fault.status, detail, headers=_retry_after(fault))


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_date is not None:
        date = (clock() + timedelta(seconds=fault.retry_date)).replace(microsecond=0)
        return {"Retry-After": format_datetime(date, usegmt=True)}
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
