"""All errors that the bridge raises itself.

A package in parentheses is the one that defines the error::

    BridgeError
    ├── EventError                  a webhook request that is rejected, with a reason and a status
    │   ├── MalformedBodyError      400  the body is not one unambiguous JSON object
    │   ├── UnsignedError           401  the signature or the shared secret is missing or wrong
    │   ├── UnknownPathError        404  a POST to a path below /webhooks that is no endpoint
    │   ├── BodyTooSlowError        408  the body was not complete in time
    │   ├── BodyTooLargeError       413  the body is over the limit
    │   ├── UnsupportedTypeError    415  the body is not JSON by its headers
    │   ├── UnusableEventError      422  the event names no call
    │   └── NotStoredError          503  the event may be lost: the sender must send it again
    ├── UnauthorizedError           401, 403, 429  an API request without a valid token (api)
    ├── UnknownParameterError       422  a query parameter that the route does not have (api)
    ├── StoreError                  the record of a call cannot be read or saved
    │   ├── LeaseLostError          the lease has expired: another worker may handle the call
    │   ├── CallContendedError      other workers saved the call at each attempt to save it
    │   ├── NewerRecordError        a newer version of the bridge wrote the record
    │   └── DamagedRecordError      no version of the bridge can have written the record
    ├── RequestLimitError           a request head or a pipeline is over its limit (asgi)
    ├── NoTunnelError               a CONNECT request, which is not supported (asgi)
    ├── ResponseBodyError           a response body is too long or cannot be unpacked (outbound)
    ├── StartError                  ``bridge up`` cannot start; the text is for the operator
    │   ├── DataInUseError          another bridge runs on the data directory (supervise)
    │   ├── DataUnusableError       the data directory cannot be written to (supervise)
    │   └── PortInUseError          the port is in use, or may not be used (supervise)
    ├── CrashLoopError              a process ends within seconds of each start (supervise)
    ├── NoResponseError             the bridge's API does not respond to a command (cli)
    └── CaptureError                a line of a capture file cannot be replayed

Apart from this tree stand ``SettingsError`` of ``config``, which imports nothing of the bridge, the
``ImportError`` of ``patch_guard``, and two errors of AskElephant's simulator, which become its
responses: ``ApiProblem`` and ``GatewayError``.
"""

from bridge.reasons import Reason


class BridgeError(Exception):
    """An error that the bridge raises itself."""


class EventError(BridgeError):
    """A webhook request is rejected. ``status`` is the HTTP status of the response.

    ``detail`` describes for the sender what is wrong, and what to do. It contains no value of the
    body, because values are personal data, and senders log responses.
    """

    status: int

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class MalformedBodyError(EventError):
    """The body is not a JSON object, or two JSON parsers may read it differently."""

    status = 400


class UnsignedError(EventError):
    """The signature or the shared secret is missing or wrong, or the signature has expired."""

    status = 401


class UnknownPathError(EventError):
    """The path of the request is not one of the webhook endpoints."""

    status = 404


class BodyTooSlowError(EventError):
    """The body was not complete in time. The part that was received is discarded."""

    status = 408


class BodyTooLargeError(EventError):
    """The body is over the size limit. The rest of the body was not read."""

    status = 413


class UnsupportedTypeError(EventError):
    """The content type is not JSON, or the body is compressed."""

    status = 415


class UnusableEventError(EventError):
    """The event can be read, but has no usable call id."""

    status = 422


class NotStoredError(EventError):
    """The event may not be stored in the inbox. The sender must send the event again."""

    status = 503


class StoreError(BridgeError):
    """The record of the call ``call_id`` cannot be read or saved. Its next step stays due."""

    reason: Reason

    def __init__(self, call_id: str) -> None:
        super().__init__(call_id)
        self.call_id = call_id


class LeaseLostError(StoreError):
    """The worker's lease on the call has expired, so this worker may not save the call."""

    reason = Reason.LEASE_LOST


class CallContendedError(StoreError):
    """The call was not saved, because other workers saved the call during each attempt."""

    reason = Reason.CALL_CONTENDED


class NewerRecordError(StoreError):
    """A newer version of the bridge wrote the record, and this version cannot read it."""

    reason = Reason.NEWER_RECORD


class DamagedRecordError(StoreError):
    """The stored value is not the record of a call. It is kept, for an operator to repair."""

    reason = Reason.DAMAGED_RECORD


class StartError(BridgeError):
    """``bridge up`` cannot start. The text has the cause, and what to do."""


class CaptureError(BridgeError):
    """Line ``line`` of a capture file cannot be replayed; ``detail`` has the cause."""

    reason = Reason.BAD_CAPTURE

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(line, detail)
        self.line = line
        self.detail = detail

    def __str__(self) -> str:
        return f"line {self.line}: {self.detail}"
