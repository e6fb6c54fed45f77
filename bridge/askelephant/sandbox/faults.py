"""Faults of the whole API: an outage, a slow day, a limit that meets everyone."""

import asyncio
from http import HTTPStatus

from bridge.askelephant.sandbox.options import Given
from bridge.askelephant.sandbox.problems import ApiProblem


class Fault(Given):
    """What every request meets: a delay, then a hang, then a status.

    ``delay`` is in seconds of the sandbox's time; a hang lasts until the fault changes;
    ``retry_after`` is sent with the status, as it is.
    """

    status: HTTPStatus | None = None
    retry_after: str | int | None = None
    hang: bool = False
    delay: float = 0


class Faults:
    """The fault in force. Requests that hang in it end when it changes."""

    def __init__(self) -> None:
        self.present = Fault()
        self._changed = asyncio.Event()

    def put(self, fault: Fault) -> None:
        """Replace the fault, and let go of what hangs in the old one."""
        self.present = fault
        self._changed.set()
        self._changed = asyncio.Event()

    def clear(self) -> None:
        """Return to health."""
        self.put(Fault())

    async def meet(self) -> None:
        """Hang or raise as the present fault says."""
        fault = self.present
        if fault.hang:
            await self._changed.wait()
            raise ApiProblem(503, "the request hung until the fault was cleared")
        if fault.status is not None:
            after = fault.retry_after
            headers = {} if after is None else {"Retry-After": str(after)}
            detail = f"fault: {fault.status.phrase}"
            raise ApiProblem(fault.status, detail, headers=headers)
