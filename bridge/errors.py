"""The errors of the bridge, each with the ``reason`` that names it everywhere.

The reason is the log key, the metric label and the words on the page::

    BridgeError
    ├── EventError            a delivery that cannot be accepted; ``status`` is the answer
    │   ├── MalformedBodyError     400  the body is not what a webhook sends
    │   ├── UnsignedError          401  the sender did not prove who it is
    │   ├── UnknownPathError       404  a POST under /webhooks that is no endpoint
    │   ├── BodyTooSlowError           408  a body that did not come in time
    │   ├── BodyTooLargeError          413  more bytes than any event has
    │   ├── UnsupportedTypeError   415  not JSON, by its own word
    │   ├── UnusableEventError          422  an event that can be read, and leads to no call
    │   └── NotStoredError         503  the event may be lost: the sender must try again
    ├── StoreError            a call that could not be read or saved
    │   ├── LeaseLostError         another worker has taken the call over
    │   ├── CallContendedError     the call kept changing while it was being saved
    │   ├── NewerRecordError       a newer version of the bridge wrote the call
    │   └── DamagedRecordError     no version of the bridge wrote what stands there
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


class MalformedBodyError(EventError):
    """The body is not a JSON object, or one that two readers would read differently."""

    status = 400


class UnsignedError(EventError):
    """The signature or the shared secret is missing, wrong, or not of this time."""

    status = 401


class UnknownPathError(EventError):
    """The path is none of the webhooks' endpoints."""

    status = 404


class BodyTooSlowError(EventError):
    """The body was not whole in time; what came of it is gone."""

    status = 408


class BodyTooLargeError(EventError):
    """The body is over the limit; it was not read any further."""

    status = 413


class UnsupportedTypeError(EventError):
    """The content type is not JSON."""

    status = 415


class NotStoredError(EventError):
    """The event is not safely in the inbox, so it is not acknowledged."""

    status = 503


class UnusableEventError(EventError):
    """The event can be read, but no call can be made of it."""

    status = 422


class StoreError(BridgeError):
    """The call ``call_id`` could not be read or saved; it stays due, and is taken up again."""

    def __init__(self, call_id: str) -> None:
        super().__init__(call_id)
        self.call_id = call_id


class LeaseLostError(StoreError):
    """The lease ran out, and with it the right to save."""

    reason = Reason.LEASE_LOST


class CallContendedError(StoreError):
    """Others saved the call each time this decision was about to be."""

    reason = Reason.CALL_CONTENDED


class NewerRecordError(StoreError):
    """A newer version of the bridge wrote the record, and this one cannot tell what it means."""

    reason = Reason.NEWER_RECORD


class DamagedRecordError(StoreError):
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
