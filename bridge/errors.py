"""The errors of the bridge, each with the ``reason`` that names it everywhere.

The reason is the log key, the metric label and the words on the page::

    BridgeError
    ├── EventError            a delivery that cannot be accepted; ``status`` is the answer
    │   ├── MalformedBody     400  the body is not what a webhook sends
    │   ├── Unsigned          401  the sender did not prove who it is
    │   ├── UnknownPath       404  a POST under /webhooks that is no endpoint
    │   ├── TooSlow           408  a body that did not come in time
    │   ├── TooLarge          413  more bytes than any event has
    │   ├── UnsupportedType   415  not JSON, by its own word
    │   ├── Unusable          422  an event that can be read, and leads to no call
    │   └── NotStored         503  the event may be lost: the sender must try again
    ├── StoreError            a call that could not be read or saved
    │   ├── LeaseLost         another worker has taken the call over
    │   ├── CallContended     the call kept changing while it was being saved
    │   ├── NewerRecord       a newer version of the bridge wrote the call
    │   └── DamagedRecord     no version of the bridge wrote what stands there
    └── CaptureError          a line of a capture file that cannot be replayed
"""

from bridge.reasons import Reason


class BridgeError(Exception):
    """Everything that the bridge raises itself."""

    reason: Reason


class EventError(BridgeError):
    """A delivery that cannot be accepted. ``detail`` tells the sender what is wrong, and the cure.

    It never repeats the body's values: they are personal data, and the answer is logged by others.
    """

    status: int

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class MalformedBody(EventError):  # noqa: N818 - the names say what the delivery is
    """The body is not a JSON object, or one that two readers would read differently."""

    status = 400


class Unsigned(EventError):  # noqa: N818 - as above
    """The signature or the shared secret is missing, wrong, or not of this time."""

    status = 401


class UnknownPath(EventError):  # noqa: N818 - as above
    """The path is none of the webhooks' endpoints."""

    status = 404


class TooSlow(EventError):  # noqa: N818 - as above
    """The body was not whole in time; what came of it is gone."""

    status = 408


class TooLarge(EventError):  # noqa: N818 - as above
    """The body is over the limit; it was not read any further."""

    status = 413


class UnsupportedType(EventError):  # noqa: N818 - as above
    """The content type is not JSON."""

    status = 415


class NotStored(EventError):  # noqa: N818 - as above
    """The event is not safely in the inbox, so it is not acknowledged."""

    status = 503


class Unusable(EventError):  # noqa: N818 - as above
    """The event can be read, but no call can be made of it."""

    status = 422


class StoreError(BridgeError):
    """The call ``call_id`` could not be read or saved; it stays due, and is taken up again."""

    def __init__(self, call_id: str) -> None:
        super().__init__(call_id)
        self.call_id = call_id


class LeaseLost(StoreError):  # noqa: N818 - the name says what happened
    """The lease ran out, and with it the right to save."""

    reason = Reason.LEASE_LOST


class CallContended(StoreError):  # noqa: N818 - the name says what happened
    """Others saved the call each time this decision was about to be."""

    reason = Reason.CALL_CONTENDED


class NewerRecord(StoreError):  # noqa: N818 - the name says what happened
    """A newer version of the bridge wrote the record, and this one cannot tell what it means."""

    reason = Reason.NEWER_RECORD


class DamagedRecord(StoreError):  # noqa: N818 - as above
    """What is stored for the call is no record; it is kept as it is, for an operator to repair."""

    reason = Reason.DAMAGED_RECORD


class CaptureError(BridgeError):
    """Line ``line`` of a capture file cannot be replayed; the message says what to mend."""

    reason = Reason.BAD_CAPTURE

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(line, detail)
        self.line = line
        self.detail = detail

    def __str__(self) -> str:
        return f"line {self.line}: {self.detail}"
