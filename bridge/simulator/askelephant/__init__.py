"""A sandbox of AskElephant: an HTTP server for the demo, for tests and for manual trials.

``/v2/engagements`` and ``/api/v2/engagements`` respond as AskElephant's API does
(https://docs.askelephant.ai/llms.txt lists its documentation). Routes under ``/sandbox/`` control
the sandbox. All durations are seconds multiplied by ``SandboxOptions.scale``, except
``Retry-After``, which is sent unchanged. Media is never fetched: the sandbox waits for as long as a
fetch would last.

A marker in a call's ``external_id`` chooses how the sandbox behaves for this call. The marker is
the text after the last ``~``: names of behaviours joined by ``+``. A number after a dot replaces
the default number of a behaviour::

    wavv-call-abc~throttle-seconds.2+late-insights

===================  ====  =========================================================================
name                    N  what it does
===================  ====  =========================================================================
throttle-seconds        1  429 with Retry-After in seconds, for the first N tries
throttle-date           1  429 with Retry-After as an HTTP-date, for the first N tries
throttle-garbage        1  429 with a meaningless Retry-After, for the first N tries
throttle-bare           1  429 without Retry-After, for the first N tries
throttle-epoch          1  429 with Retry-After as seconds since 1970, for the first N tries
throttle-epoch-ms       1  429 with Retry-After as milliseconds since 1970, for the first N tries
error-before-commit     1  500 before the engagement is created, for the first N tries
error-after-commit      1  500 after the engagement is created, for the first N tries
conflict                1  409, for the first N tries
own-403                    403 with AskElephant's JSON, always
own-500                    500, always
payment-required        1  402, for the first N tries
html-403                1  403 with the HTML of a firewall, for the first N tries
html-404                1  404 with the HTML of a gateway, for the first N tries
gateway-html          400  status N with the HTML of a gateway, on the first try
gateway-json          403  status N with a gateway's own JSON, on the first try
reject                     422 with field errors, always
bad-request                400 with field errors, always
media-late              1  422 with a field error for media_url, for the first N tries
owner-refused              422 with a field error for the owner while the request names one
check-people               422 if a participant's e-mail or phone is malformed
shape-path                 field errors name the field by path: ["participants", 0]
shape-loc                  field errors are in detail, by loc: ["body", "participants", 0]
shape-param                one field error, by param: participants[0][email]
shape-pointer              field errors name the field by pointer: #/participants/0
shape-source               field errors name the field by source.pointer: /participants/0
shape-brackets             field errors name the field as participants[0].email
shape-map                  field errors are a map of fields to lists of messages
shape-detail               field errors are sentences in detail
shape-message              field errors are sentences in message, and there is no detail
shape-error                field errors are sentences in error, and there is no detail
slow-media            150  fetching the media lasts N seconds, and succeeds
reset                   1  created, then the connection breaks, for the first N tries
garbage-json            1  created, then a 200 that is not JSON, for the first N tries
collision                  200 with an engagement that has another call's external_url
normal-url                 external_url is normalised: host in lower case, a slash for an empty path
private                    the engagement is private, whatever the request sets
deleted               300  deleted N seconds after the transcript; external_id then creates another
failed                     processing ends FAILED; no event is sent
stuck                      processing never ends
late-transcript      7200  processing lasts N seconds longer, and the event comes after it
no-webhook                 the transcript event is never sent (POST /sandbox/resend can)
early-webhook              the event is acknowledged before the response to the POST is sent
late-webhook          300  the event is sent N seconds late
twice-webhook              the event is sent twice at once, with the same svix-id
resent-webhook          5  the event is sent N more times, with the same svix-id
unordered-webhook          v1.engagement.created is sent after the transcript event
two-signatures             the event is signed by a retired secret and a valid one
bad-signature              the event is signed by a wrong secret only, every time
bad-signature-first     1  the first N attempts have a wrong signature, later ones a valid one
old-timestamp-first     1  the first N attempts have an old timestamp, later ones a current one
late-insights         600  action items and signals appear N seconds after the transcript
partial-insights           signals appear, action items never
no-insights                neither action items nor signals appear
read-missing            1  404 on the first N reads of the engagement
read-403                   403 with AskElephant's JSON on every read
read-html-403           1  403 with the HTML of a firewall on the first N reads
read-html-404           1  404 with the HTML of a gateway on the first N reads
read-error              1  500 on the first N reads
read-throttled          1  429 with Retry-After in seconds on the first N reads
read-garbage            1  a 200 that is not JSON on the first N reads
unknown-fields             responses and events have undocumented fields
unknown-data-types         signals have undocumented data types
sparse-answers             responses and events have the required fields only
===================  ====  =========================================================================

N is a number of tries in "the first N tries", else a number of seconds or re-sends, or a status.
Tries are counted for each behaviour: with ``throttle-bare+error-after-commit`` the first try is
throttled, and the second fails.

The control API reads and returns JSON:

- ``GET /sandbox/journal?settle=N``: ``{settled, requests, engagements, deliveries}``, after all
  background tasks have ended or N seconds have passed
- ``GET /sandbox/behaviours``: the table above
- ``POST /sandbox/behaviours``: ``{everywhere?, exact?: {id: behaviours}, containing?: {part:
  behaviours}}`` sets the behaviours of all calls, and of ids without a marker. It replaces all that
  was set before
- ``POST /sandbox/keys``: ``{id, secret?, scopes?, revoked?}`` adds or changes one key
- ``POST /sandbox/users``: ``{users: [{id, name?, email?, phone?, active?}] | null}``
- ``POST /sandbox/webhook``: ``{url?, secrets?, clock_step?}``. With several secrets, each event has
  a signature by each. ``clock_step`` is added to the signer's clock, in seconds
- ``POST /sandbox/faults``: ``{status?, gateway?, method?, retry_after?, retry_date?, retry_epoch?,
  retry_epoch_ms?, hang?, delay?, lag?, media?, spoil?}`` for all calls; ``{}`` ends it. ``gateway``
  (``html``, ``json``, ``empty``) makes the status a gateway's, with a body that is not the API's.
  ``method`` (``GET``, ``POST``) limits the fault. ``media`` is the duration of each download.
  ``spoil`` changes responses after the request was processed: ``error`` (500), ``reset`` (half of
  the body), ``drip`` (byte by byte), ``garbage`` (not JSON), ``html`` (another type), ``huge``
  (10 MB)
- ``POST /sandbox/resend``: ``{engagement_id | external_id}`` → 202 ``{svix_id}``
- ``POST /sandbox/delete``: ``{engagement_id | external_id}`` deletes the engagement, and sends
  ``v1.engagement.deleted``. The same external_id then creates another one, with other insights
- ``POST /sandbox/reset``: return to the state at the start
"""

from bridge.simulator.askelephant.app import create_app, serve
from bridge.simulator.askelephant.behaviours import BEHAVIOURS
from bridge.simulator.askelephant.options import ApiKey, SandboxOptions, Timings, User

__all__ = [
    "BEHAVIOURS",
    "ApiKey",
    "SandboxOptions",
    "Timings",
    "User",
    "create_app",
    "serve",
]
