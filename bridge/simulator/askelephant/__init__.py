"""A faithful AskElephant over real HTTP: for the demo, for tests, for trying things by hand.

``/v2/engagements`` and ``/api/v2/engagements`` answer as the vendor's API does; ``/sandbox/`` is
for whoever sets the scene. Durations are seconds multiplied by ``SandboxOptions.scale``;
``Retry-After`` alone is sent as it is. Media is never fetched; the fetch is a wait.

A call chooses what befalls it by a marker in its ``external_id``: after the last ``~``, names
joined by ``+``, each with its number after a dot if the usual one will not do::

    wavv-call-abc~throttle-seconds.2+late-insights

===================  ====  =========================================================================
name                    N  what it does
===================  ====  =========================================================================
throttle-seconds        1  429 with Retry-After in seconds, for the first N tries
throttle-date           1  429 with Retry-After as an HTTP-date, for the first N tries
throttle-garbage        1  429 with a senseless Retry-After, for the first N tries
throttle-bare           1  429 without Retry-After, for the first N tries
throttle-epoch          1  429 with Retry-After as seconds since 1970, for the first N tries
throttle-epoch-ms       1  429 with Retry-After as milliseconds since 1970, for the first N tries
error-before-commit     1  500 before anything is made, for the first N tries
error-after-commit      1  500 after the engagement is made, for the first N tries
conflict                1  409, for the first N tries
own-403                    403 as AskElephant's JSON, always
own-500                    500, always
payment-required        1  402, for the first N tries
html-403                1  403 with the HTML of a firewall, for the first N tries
html-404                1  404 with the HTML of a gateway, for the first N tries
gateway-html          400  status N with the HTML of a gateway, on the first try
gateway-json          403  status N with a gateway's own JSON, on the first try
reject                     422 with field errors, always
bad-request                400 with field errors, always
media-late              1  422 that blames media_url, for the first N tries
owner-refused              422 that blames the owner while the request names one
check-people               422 if a participant's e-mail or phone is ill-formed
shape-path                 field errors name their field by path: ["participants", 0]
shape-loc                  field errors are in detail, by loc: ["body", "participants", 0]
shape-param                one field error, by param: participants[0][email]
shape-pointer              field errors name their field by pointer: #/participants/0
shape-source               field errors name their field by source.pointer: /participants/0
shape-brackets             field errors name their field as participants[0].email
shape-map                  field errors are a map of fields to lists of messages
shape-detail               field errors are sentences in detail
shape-message              field errors are sentences in message, and there is no detail
shape-error                field errors are sentences in error, and there is no detail
slow-media            150  the media takes N seconds to fetch, and is then accepted
reset                   1  made, then the connection breaks half-way, for the first N tries
garbage-json            1  made, then a 200 that is not JSON, for the first N tries
collision                  200 with an engagement of another call's external_url
normal-url                 external_url comes back with host in lower case and a slash for no path
private                    the engagement is private, whatever the request says
deleted               300  deleted N seconds after the transcript; external_id then makes another
failed                     processing ends FAILED; there is no event
stuck                      processing never ends
late-transcript      7200  processing takes N seconds longer, and the event comes after it
no-webhook                 the transcript event is never sent (POST /sandbox/resend can)
early-webhook              the event is acknowledged before the POST is answered
late-webhook          300  the event is sent N seconds late
twice-webhook              the event is sent twice at once, same svix-id
resent-webhook          5  the event is sent N more times, same svix-id
unordered-webhook          v1.engagement.created is sent after the transcript event
two-signatures             the event is signed by a retired secret and a valid one
bad-signature              the event is signed by a wrong secret only, every time
bad-signature-first     1  the first N attempts are wrongly signed, then well
old-timestamp-first     1  the first N attempts carry an old timestamp, then good
late-insights         600  action items and signals come N seconds after the transcript
partial-insights           signals come, action items never
no-insights                neither action items nor signals ever come
read-missing            1  404 on the first N reads of the engagement
read-403                   403 as AskElephant's JSON on every read
read-html-403           1  403 with the HTML of a firewall on the first N reads
read-html-404           1  404 with the HTML of a gateway on the first N reads
read-error              1  500 on the first N reads
read-throttled          1  429 with Retry-After in seconds on the first N reads
read-garbage            1  a 200 that is not JSON on the first N reads
unknown-fields             answers and events carry fields no one has documented
unknown-data-types         signals have data types no one has documented
sparse-answers             answers and events carry the required fields only
===================  ====  =========================================================================

N is a number of tries for what happens to "the first N tries" (each behaviour counts its own, so
``throttle-bare+error-after-commit`` is throttled first and fails next), else seconds, re-sends or
a status.

The control API takes and gives JSON:

- ``GET /sandbox/journal?settle=N``: ``{settled, requests, engagements, deliveries}``
- ``GET /sandbox/behaviours``: the table above
- ``POST /sandbox/behaviours``: ``{everywhere?, exact?: {id: words}, containing?: {part: words}}``:
  behaviours of all calls, and of ids without a marker; replaces what was posted before
- ``POST /sandbox/keys``: ``{id, secret?, scopes?, revoked?}`` adds or changes one key
- ``POST /sandbox/users``: ``{users: [{id, name?, email?, phone?, active?}] | null}``
- ``POST /sandbox/webhook``: ``{url?, secrets?, clock_step?}``; several secrets sign as in a
  rotation; ``clock_step`` is how many seconds the signer's clock is off
- ``POST /sandbox/faults``: ``{status?, gateway?, method?, retry_after?, retry_date?, retry_epoch?,
  retry_epoch_ms?, hang?, delay?, lag?, media?, spoil?}`` for all calls; ``{}`` clears. ``gateway``
  (``html``, ``json``, ``empty``) makes the status a gateway's, with a body that is not the API's;
  ``method`` (``GET``, ``POST``) limits the fault; ``media`` is how long each download takes.
  ``spoil`` is what becomes of responses when all is done: ``error`` (500), ``reset`` (half of it),
  ``drip``, ``garbage`` (no JSON), ``html`` (another type), ``huge`` (10 MB)
- ``POST /sandbox/resend``: ``{engagement_id | external_id}`` → 202 ``{svix_id}``
- ``POST /sandbox/delete``: ``{engagement_id | external_id}``: the engagement is gone, and
  ``v1.engagement.deleted`` is sent; the same external_id then makes another, with other insights
- ``POST /sandbox/reset``: forget everything
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
