"""HTTP requests of every kind, as a server passes them to the application."""

import json
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from tests.fuzz.mutation import NASTY, SEEDS, mutated
from tests.fuzz.signatures import EVENT
from tests.fuzz.wavv import body
from tests.support.web_process import ELEPHANT, TOKEN, WAVV, signed, svix_signed

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "QUERY")
PATHS = (
    *("/api/calls", "/api/calls/{}", "/api/calls/{}/insights", "/api/calls/{}/replay"),
    *("/api/stats", "/api/docs", "/api/openapi.json", "/livez", "/metrics", "/", "/{}", "/api/{}"),
)
IDS = (
    "call-1",
    "call-2",
    "a/b",
    "",
    "%",
    ".",
    "..",
    "\u0000",
    "é",
    "x" * 300,
    "*",
    "call-1/replay",
)
PARAMETERS = ("state", "q", "since", "until", "cursor", "limit", "secret", "nothing")
VALUES = (
    *("failed", "complete", "1", "0", "-1", "201", "1e3", "99999999999999999999", "call", "%00"),
    *("2026-05-13T09:30:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e400"),
    *("MTc4ODg4IA", "bmFuIA", "aW5mIA", "====", "2026-05-13", "nan", "", "\u0000", "é", "[", "\\"),
)
ORDERED = ("reason", "since", "until", "pace", "limit", "cursor", "dry_run", "state", "nothing")
CURSORS = ("0~", "253402300799.9~", "-62135596800~", "1e11~MTc4ODg4IA", "nan~", "inf~x", "~~", "1~")
ODD_HEADERS = (
    (b"content-type", b"application/json"), (b"content-type", b"text/plain;charset=\xff"),
    (b"content-length", b"-1"), (b"content-length", b"9" * 30), (b"content-length", b"\xb2"),
    (b"x-request-id", b"\xff" * 50), (b"x-request-id", b"mine"), (b"host", b""), (b"host", b"[::"),
    (b"authorization", b"Bearer \xff"), (b"authorization", b"Basic " + b"=" * 50),
    (b"cookie", b"a=b; c"), (b"range", b"bytes=9-1"), (b"accept", b"*/*;q=x"), (b"", b""),
    (b"transfer-encoding", b"chunked"), (b"upgrade", b"websocket"), (b"origin", b"null"),
    (b"x-forwarded-for", b"1.2.3.4, ::"), (b"if-none-match", b'"'), (b"expect", b"100-continue"),
)  # fmt: skip
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Request:
    """One request, whose ``body`` arrives in these pieces."""

    method: str
    path: bytes
    query: bytes
    headers: Headers
    body: tuple[bytes, ...]


def request(rng: Random) -> Request:
    """Return a delivery in half of all cases, else a query or a command to the API."""
    chosen = rng.choice((_delivery, _delivery, _delivery, _api_query, _api_query, _replay_command))(
        rng
    )
    odd = tuple(rng.choice(ODD_HEADERS) for _ in range(rng.choice((0, 0, 1, 3))))
    method = rng.choice(METHODS) if rng.random() < 0.1 else chosen.method
    headers = odd + chosen.headers if rng.random() < 0.5 else chosen.headers + odd
    return Request(method, chosen.path, chosen.query, headers, chosen.body)


def _delivery(rng: Random) -> Request:
    """Return a webhook, whose signature is valid in nine of ten, so that its body is read."""
    if rng.random() < 0.7:
        path, raw = WAVV, body(rng)
        proof = signed(raw)
    else:
        path, raw = ELEPHANT, mutated(EVENT, rng)
        proof = svix_signed(raw, message_id=f"msg_{rng.getrandbits(32)}")
    headers = {"content-type": "application/json", **proof}
    if rng.random() < 0.1:
        del headers[rng.choice(sorted(headers))]
    query = _query(rng) if rng.random() < 0.1 else b""
    return Request("POST", path.encode(), query, _coded(headers), _pieces(raw, rng))


def _api_query(rng: Random) -> Request:
    path = rng.choice(PATHS).replace("{}", quote(rng.choice(IDS), safe=rng.choice(("", "/"))))
    if rng.random() < 0.2:
        path += quote_from_bytes(rng.choice(NASTY)[:200])
    method = "POST" if "replay" in path else "GET"
    headers = {"authorization": f"Bearer {TOKEN}"} if rng.random() < 0.8 else {}
    query = _query(rng) if rng.random() < 0.6 else b""
    pieces = rng.choice(((), (), (b"x" * 100,)))
    return Request(method, path.encode(), query, _coded(headers), pieces)


def _replay_command(rng: Random) -> Request:
    """Return a command to replay calls, whose JSON is valid in half of all cases."""
    command: dict[str, object] = {"state": "failed", "dry_run": rng.random() < 0.5}
    for name in rng.sample(ORDERED, rng.randint(0, 4)):
        command[name] = rng.choice((*VALUES, *CURSORS, "60/m", 0.5, 1e308, -1, True, None))
    raw = json.dumps(command).encode()
    raw = raw if rng.random() < 0.5 else mutated(raw, rng)
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    return Request("POST", b"/api/replay", b"", _coded(headers), _pieces(raw, rng))


def _query(rng: Random) -> bytes:
    pairs = [
        f"{rng.choice(PARAMETERS)}={quote(rng.choice(VALUES), safe=rng.choice(('', '%=[')))}"
        for _ in range(rng.randint(1, 4))
    ]
    return "&".join(pairs).encode()


def _coded(headers: dict[str, str]) -> Headers:
    return tuple(
        (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
    )


def _pieces(raw: bytes, rng: Random) -> tuple[bytes, ...]:
    at = rng.randint(0, len(raw))
    return rng.choice(((raw,), (raw[:at], raw[at:]), (b"", raw), (*(b"",) * 3, raw)))


TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20).map(str.encode)
ANYTHING = st.builds(
    Request,
    method=st.sampled_from(METHODS) | TOKENS.map(lambda name: name.decode().upper()),
    path=st.binary(max_size=40).map(lambda raw: b"/" + quote_from_bytes(raw).encode()),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).map(str.encode),
    headers=st.lists(st.tuples(TOKENS, st.binary(max_size=30)), max_size=4).map(tuple),
    body=st.lists(st.binary(max_size=60), max_size=3).map(tuple),
)
NEAR = SEEDS.map(lambda seed: request(Random(seed)))  # noqa: S311 - no secrets
REQUESTS = (NEAR, ANYTHING, NEAR, NEAR)
