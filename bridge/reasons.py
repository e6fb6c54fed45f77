"""The reasons: slugs that show why a call waits or has ended, or why an event was rejected.

A reason is a value of the log key ``reason``, of a metric, of the API and of stored records. A
record may hold a reason of a newer version, so fields that are stored have the type ``str``.

To add a reason: add a member with a row for each table that lists it, and run ``make docs``.
"""

from enum import StrEnum
from typing import NamedTuple, Self


class Table(StrEnum):
    """The tables of reasons in the documentation. The value marks the table in its document."""

    CALLS = "reasons"
    EVENTS = "event-reasons"
    OUTCOMES = "event-outcomes"
    LINKS = "link-reasons"
    API = "api-reasons"
    TASKS = "task-reasons"


class Row(NamedTuple):
    """A row of a table of reasons. ``where`` has the call states, HTTP status or error."""

    table: Table
    where: str
    meaning: str


Documented = tuple[str, Row]


def _call(slug: str, states: str, meaning: str) -> Documented:
    return slug, Row(Table.CALLS, states, meaning)


def _event(slug: str, status: int, meaning: str) -> Documented:
    return slug, Row(Table.EVENTS, str(status), meaning)


def _link(slug: str, status: str, meaning: str) -> Documented:
    return slug, Row(Table.LINKS, status, meaning)


def _api(slug: str, status: int, meaning: str) -> Documented:
    return slug, Row(Table.API, str(status), meaning)


def _task(slug: str, error: str, meaning: str) -> Documented:
    return slug, Row(Table.TASKS, error, meaning)


def _outcome(slug: str, kind: str, meaning: str) -> Documented:
    return slug, Row(Table.OUTCOMES, f"{kind}.{slug}", meaning)


class Reason(StrEnum):
    """Why a call waits or has ended, or why an event or a request was rejected or ignored.

    ``rows`` are the rows of the documentation's tables, in Markdown.
    """

    rows: tuple[Row, ...]

    def __new__(cls, slug: str, *rows: Row) -> Self:
        """Create a reason whose value is ``slug``: it is compared and stored as a string."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.rows = rows
        return member

    # Of calls: why a call is in its state, or what it waits for.
    RECORDING_MISSING = _call(
        "recording_missing",
        "`recorded`, `failed`",
        "WAVV announced a recording and sent no link to it. The call waits until "
        "`BRIDGE_RECORDING_DEADLINE`. With `BRIDGE_WAVV_API_KEY` the bridge requests the link "
        "from WAVV's API.",
    )
    RECORDING_NOT_READY = _call(
        "recording_not_ready",
        "`recorded`, `failed`",
        "AskElephant could not fetch the recording (`problem.errors`): it is not there yet, or "
        "its link has expired. Retried after `BRIDGE_RECORDING_FIRST_DELAY`, with growing waits "
        "up to `BRIDGE_RECORDING_DEADLINE`. With a WAVV key each retry uses a fresh link.",
    )
    OUTAGE = _call(
        "outage",
        "waiting for AskElephant",
        "Ten different calls in a row failed: all calls are held. Or AskElephant did not find the "
        "engagements of three calls in a row: all calls of that step are held. The bridge sends "
        "probes, one per second and then fewer, until one succeeds. Nothing to do.",
    )
    REQUEST_BUDGET = _call(
        "request_budget",
        "waiting for AskElephant",
        "`BRIDGE_ASKELEPHANT_RATE` is used up for now. Nothing to do.",
    )
    THROTTLED = _call(
        "throttled",
        "waiting for AskElephant",
        "AskElephant returned 429. All calls are held until the moment that `Retry-After` names; "
        "after `BRIDGE_HOLD_MAX` one probe is sent in any case. Nothing to do; `bridge hold "
        "release` ends the hold at once.",
    )
    CREDENTIALS_REFUSED = _call(
        "credentials_refused",
        "waiting for AskElephant",
        "401: AskElephant does not accept the API key. All calls are held, and none fails. One "
        "probe per `BRIDGE_PROBE_INTERVAL`. Replace the key, and restart the workers.",
    )
    PAYMENT_REQUIRED = _call(
        "payment_required",
        "waiting for AskElephant",
        "402: the workspace has to pay. All calls are held, and none fails. One probe per "
        "`BRIDGE_PROBE_INTERVAL`. Pay the bill.",
    )
    SCOPE_MISSING = _call(
        "scope_missing",
        "waiting for AskElephant, `failed`",
        "403: the API key lacks a scope for this call, such as `engagements:private:read`. "
        "Retried. After three different calls in a row all calls of the step are held: none of "
        "them fails, and other calls of the step probe. Add the scope in AskElephant.",
    )
    CREDENTIALS_MISSING = _call(
        "credentials_missing",
        "waiting for AskElephant",
        "`BRIDGE_ASKELEPHANT_API_KEY` is not set, or cannot be sent in a header. All calls are "
        "held, and none fails. Set the key, and restart the workers.",
    )
    ASKELEPHANT_TIMEOUT = _call(
        "askelephant_timeout",
        "waiting for AskElephant, `failed`",
        "No response within `BRIDGE_ASKELEPHANT_TIMEOUT`, or 408. Retried.",
    )
    ASKELEPHANT_UNREACHABLE = _call(
        "askelephant_unreachable",
        "waiting for AskElephant, `failed`",
        "No connection. Retried. Check the network and `BRIDGE_ASKELEPHANT_BASE_URL`.",
    )
    ASKELEPHANT_ERROR = _call(
        "askelephant_error", "waiting for AskElephant, `failed`", "5xx or 425. Retried."
    )
    ASKELEPHANT_CONFLICT = _call(
        "askelephant_conflict", "waiting for AskElephant, `failed`", "409. Retried."
    )
    GATEWAY_ERROR = _call(
        "gateway_error",
        "waiting for AskElephant, `failed`",
        "A 4xx that is not AskElephant's own: a firewall, a proxy or a load balancer rejected the "
        "request. Retried.",
    )
    ASKELEPHANT_REDIRECTED = _call(
        "askelephant_redirected",
        "waiting for AskElephant, `failed`",
        "A redirect, which is not followed. Retried. Check `BRIDGE_ASKELEPHANT_BASE_URL`.",
    )
    ASKELEPHANT_ANSWER_UNREADABLE = _call(
        "askelephant_answer_unreadable",
        "waiting for AskElephant, `failed`",
        "A 2xx response without an engagement, such as the page of a proxy. Retried.",
    )
    ENGAGEMENT_MISSING = _call(
        "engagement_missing",
        "waiting for AskElephant, `failed`",
        "404. On submission: retried; check `BRIDGE_ASKELEPHANT_BASE_URL`. On reading: retried "
        "for at least three hours; after that the engagement counts as deleted in AskElephant.",
    )
    TRANSCRIPT_PENDING = _call(
        "transcript_pending",
        "`submitted`",
        "No transcript event came within `BRIDGE_TRANSCRIPT_POLL_AFTER`, so the bridge polled: "
        "there is no transcript yet. Nothing to do.",
    )
    TRANSCRIPT_MISSING = _call(
        "transcript_missing",
        "`failed`",
        "No transcript came within `BRIDGE_TRANSCRIPT_DEADLINE`. A late one continues the call.",
    )
    PROCESSING_FAILED = _call(
        "processing_failed", "`failed`", "AskElephant could not process the recording."
    )
    REJECTED = _call(
        "rejected",
        "`failed`",
        "AskElephant rejected the request; `problem.errors` names the fields.",
    )
    OWNER_UNRESOLVABLE = _call(
        "owner_unresolvable",
        "`failed`",
        "AskElephant rejected the owner, and then also the request without an owner.",
    )
    EXTERNAL_ID_COLLISION = _call(
        "external_id_collision",
        "`failed`",
        "Another call's engagement has this `external_id`. Two bridges in one workspace need "
        "different `BRIDGE_EXTERNAL_ID_TEMPLATE`s.",
    )
    MEDIA_URL_NOT_HTTPS = _call(
        "media_url_not_https",
        "`failed`",
        "The link to the recording, stored by an earlier version, is not https. Not sent. Another "
        "link continues the call.",
    )
    MEDIA_URL_PRIVATE = _call(
        "media_url_private",
        "`failed`",
        "The link to the recording, stored by an earlier version, leads into a private network. "
        "Not sent. Another link continues the call.",
    )
    EXTERNAL_URL_INVALID = _call(
        "external_url_invalid",
        "`failed`",
        "The link back to the call has no scheme. Not sent. Check `BRIDGE_EXTERNAL_URL_TEMPLATE`.",
    )
    EXTERNAL_URL_BLOCKED = _call(
        "external_url_blocked",
        "`failed`",
        "The link back to the call has a scheme that can run code. Not sent. Check "
        "`BRIDGE_EXTERNAL_URL_TEMPLATE`.",
    )
    REQUEST_INVALID = _call(
        "request_invalid",
        "`failed`",
        "The request would break another limit of AskElephant; `problem.errors` names it. Not "
        "sent.",
    )
    ENGAGEMENT_ID_INVALID = _call(
        "engagement_id_invalid",
        "`failed`",
        "The engagement's id does not have the documented form, so it is not used in a URL.",
    )
    TOO_SHORT = _call(
        "too_short", "`skipped`", "The talk time is below `BRIDGE_SKIP_SHORTER_THAN`."
    )
    OUTCOME_EXCLUDED = _call(
        "outcome_excluded", "`skipped`", "The outcome is one of `BRIDGE_SKIP_OUTCOMES`."
    )
    RECORDING_NOT_RECEIVED = _call(
        "recording_not_received",
        "`unrecorded`",
        "WAVV announced a recording, and `call.recorded` never came. Set `BRIDGE_WAVV_API_KEY`, "
        "so that the bridge can fetch the link. A late event continues the call.",
    )
    EVENT_REFUSED = _call(
        "event_refused",
        "`unrecorded`",
        "An authentic event of the call was rejected, and may have been `call.recorded`. "
        "`event.refused` on the timeline has the reason.",
    )
    END_NOT_HEARD = _call(
        "end_not_heard",
        "`unrecorded`",
        "The bridge received neither the end of the call nor a recording. Check that WAVV sends "
        "all events.",
    )

    # Of webhook requests that are rejected.
    EMPTY_BODY = _event("empty_body", 400, "nothing was sent")
    NOT_UTF8 = _event("not_utf8", 400, "the body is not UTF-8")
    NOT_JSON = _event("not_json", 400, "the body is not JSON")
    NOT_AN_OBJECT = _event("not_an_object", 400, "JSON, but no object")
    TOO_DEEP = _event("too_deep", 400, "nested deeper than 64 levels")
    DUPLICATE_KEY = _event("duplicate_key", 400, "an object has the same key twice")
    NOT_FINITE = _event("not_finite", 400, "NaN, Infinity, or a number beyond 1e308")
    SIGNATURE_MISSING = _event("signature_missing", 401, "no `X-WAVV-Signature`")
    SIGNATURE_MALFORMED = _event("signature_malformed", 401, "it cannot be read")
    SIGNATURE_EXPIRED = _event(
        "signature_expired",
        401,
        "older than `BRIDGE_WAVV_SIGNATURE_TOLERANCE`: a replayed delivery, or a wrong clock",
    )
    SIGNATURE_IN_FUTURE = _event(
        "signature_in_future", 401, "its time is further in the future than that: a clock is wrong"
    )
    SIGNATURE_MISMATCH = _event(
        "signature_mismatch", 401, "a wrong secret, or a proxy that changes bodies"
    )
    SECRET_MISSING = _event(
        "secret_missing", 401, "`BRIDGE_WAVV_AUTH=shared_secret`, and the request has no secret"
    )
    SECRET_MISMATCH = _event("secret_mismatch", 401, "a wrong secret")
    BAD_MESSAGE_ID = _event("bad_message_id", 401, "AskElephant's webhook: no usable `svix-id`")
    BAD_SIGNATURE = _event(
        "bad_signature",
        401,
        "AskElephant's webhook: no signature matches, or its time is more than five minutes off",
    )
    DUPLICATE_HEADER = _event(
        "duplicate_header",
        401,
        "AskElephant's webhook: the request has a header of the signature twice",
    )
    UNKNOWN_PATH = _event(
        "unknown_path", 404, "a POST to another path below `/webhooks`; an extra slash is accepted"
    )
    BODY_TOO_SLOW = _event("body_too_slow", 408, "the body was not complete after 10 seconds")
    TOO_LARGE = (
        *_event(
            "too_large",
            413,
            "over `BRIDGE_MAX_EVENT_BYTES`; of an authentic one up to 64 MiB an outline is kept: "
            "its fields without long texts",
        ),
        Row(Table.API, "413", "a request body of over 16 KiB"),
    )
    CONTENT_TYPE = _event("content_type", 415, "not JSON by its Content-Type")
    CONTENT_ENCODING = _event(
        "content_encoding", 415, "compressed: `Content-Encoding` is not `identity`"
    )
    NO_CALL_ID = _event(
        "no_call_id",
        422,
        "none of the accepted keys, or a placeholder under them (`undefined`, `0`, "
        "`{{call.id}}`); the response lists the keys",
    )
    BAD_CALL_ID = _event("bad_call_id", 422, "empty, over 200 characters, or not printable")
    NOT_CONFIGURED = _event("not_configured", 503, "this webhook has no secret in the settings")
    INGRESS_FULL = _event(
        "ingress_full", 503, "2,048 events already wait to be stored: Redis is slow"
    )
    BODIES_FULL = _event(
        "bodies_full",
        503,
        "bodies over 64 KiB fill the 64 MiB that one process holds: many large events at once, or "
        "slow senders",
    )
    STORE_UNAVAILABLE = (
        *_event("store_unavailable", 503, "Redis did not confirm the write"),
        Row(Table.API, "503", "Redis does not respond"),
    )

    # Of requests to WAVV's API for the link to a recording.
    WAVV_KEY_REFUSED = _link(
        "wavv_key_refused",
        "401, 403",
        "Renew `BRIDGE_WAVV_API_KEY`, restart the workers; `/readyz` warns (`wavv_api`). Each "
        "worker tries again once a minute.",
    )
    WAVV_THROTTLED = _link(
        "wavv_throttled",
        "429",
        "Each worker sends no request for the time in `Retry-After`, else for a minute.",
    )
    WAVV_ANSWER_UNREADABLE = _link(
        "wavv_answer_unreadable",
        "200",
        "The response has no https link to a public address. Check `BRIDGE_WAVV_BASE_URL`.",
    )
    WAVV_ERROR = _link(
        "wavv_error", "any other", "An outage, or a redirect, which is not followed."
    )
    WAVV_TIMEOUT = _link("wavv_timeout", "none", "No response within seconds.")
    WAVV_UNREACHABLE = _link(
        "wavv_unreachable", "none", "No connection: check the network and `BRIDGE_WAVV_BASE_URL`."
    )

    # Of requests to the bridge's own API that are rejected.
    BAD_REQUEST = _api(
        "bad_request", 400, "a value that the bridge did not make, such as a `cursor`"
    )
    BAD_TOKEN = _api(
        "bad_token",
        401,
        "the request has no token, or the token is none of `BRIDGE_API_TOKENS`: the `detail` says "
        "which",
    )
    API_CLOSED = _api("api_closed", 403, "`BRIDGE_API_TOKENS` is not set")
    TOKEN_READ_ONLY = _api(
        "token_read_only",
        403,
        "the request changes something, and the scope of its token is `read`: use a token with "
        "the scope `operate`",
    )
    NOT_FOUND = _api(
        "not_found", 404, "no event of such a call was received, or there is no such page"
    )
    METHOD_NOT_ALLOWED = _api("method_not_allowed", 405, "the route does not accept this method")
    CONFLICT = _api("conflict", 409, "a replay of a call that is not at rest")
    DAMAGED_RECORD = _api(
        "damaged_record", 409, "the record of this call [cannot be read](#damaged-records)"
    )
    BAD_PARAMETER = _api("bad_parameter", 422, "a parameter of the query or of the body")
    UNKNOWN_PARAMETER = _api(
        "unknown_parameter",
        422,
        "a query parameter that the route does not have; the response names the nearest one and "
        "lists all",
    )
    TOO_MANY_FAILURES = _api(
        "too_many_failures",
        429,
        "over 20 wrong tokens a minute from one address, in one web process; a valid one of 32 "
        "characters or more is accepted at any time",
    )
    INTERNAL_ERROR = _api(
        "internal_error", 500, "a bug: find the `X-Request-Id` in the log, and report it"
    )
    NEWER_RECORD = _api(
        "newer_record", 503, "a newer version of the bridge wrote this call: update the web process"
    )

    # Of tasks that end in an error.
    LEASE_LOST = _task(
        "lease_lost",
        "LeaseLostError",
        "the request took longer than the lease, or Redis lost it: another worker has the call",
    )
    CALL_CONTENDED = _task(
        "call_contended",
        "CallContendedError",
        "a hundred saves in a row met a newer version: one call gets very many events at once",
    )

    # Of events that are acknowledged and change no call.
    UNKNOWN_EVENT = _outcome(
        "unknown_event",
        "ignored",
        "is none of WAVV's three, has no name, or is one of AskElephant's that the bridge does "
        "not use. If it names a call, `event.unknown` is on that call's timeline.",
    )
    NOT_OURS = _outcome(
        "not_ours", "ignored", "is about an engagement that was made in AskElephant's own app"
    )
    UNKNOWN_ENGAGEMENT = _outcome(
        "unknown_engagement",
        "parked",
        "is a transcript whose call is not known yet; it waits for the response to the submission",
    )

    # Of a line of a capture file that `bridge send` cannot replay.
    BAD_CAPTURE = ("bad_capture",)
