"""Both signature checks: they raise no other error, and accept valid signatures only."""

import hashlib
import hmac
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from bridge.askelephant.webhook import parse_webhook, verify_webhook
from bridge.errors import EventError, UnsignedError
from bridge.wavv.signature import verify_shared_secret, verify_signature
from tests.fuzz.mutation import SEEDS, mutated, mutated_text
from tests.fuzz.target import Target
from tests.fuzz.wavv import SAMPLES
from tests.support.web_process import SVIX_SECRET, WAVV_SECRET, signed, svix_signed

TOLERANCE = 300.0
EVENT = (
    b'{"id":"evt_1","type":"v1.engagement.transcript_timeline.completed","data":{"object":'
    b'{"object":"engagement","id":"ngmt_01","external_url":"wavv://call/call-1"}}}'
)
NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
"""Characters that Svix's library ignores in a signature."""

ANY_TEXT = st.text(max_size=80)


@dataclass(frozen=True)
class SignedRequest:
    """A body and the headers that authenticate it."""

    raw: bytes
    headers: dict[str, str]


def spoiled(headers: dict[str, str], rng: Random) -> dict[str, str]:
    """Return the headers with a defect: a changed value or name, a missing or a repeated header."""
    changed = dict(headers)
    name = rng.choice(sorted(changed))
    match rng.randrange(5):
        case 0 | 1:
            changed[name] = mutated_text(changed[name], rng)
        case 2:
            del changed[name]
        case 3:
            changed[name.upper()] = mutated_text(changed[name], rng)
        case _:
            changed[name] = ",".join(
                [mutated_text(changed[name], rng), changed[name]] * rng.randint(1, 3)
            )
    return changed


def wavv_request(rng: Random) -> SignedRequest:
    """Return a request of WAVV; one in twenty is valid."""
    raw = rng.choice(SAMPLES)
    headers = signed(raw, at=time.time() + rng.choice((0, 0, 0, -600, 600)))
    if rng.random() < 0.05:
        return SignedRequest(raw, headers)
    return (
        SignedRequest(mutated(raw, rng), headers)
        if rng.random() < 0.2
        else SignedRequest(raw, spoiled(headers, rng))
    )


def elephant_request(rng: Random) -> SignedRequest:
    """Return a request of AskElephant; one in twenty is valid."""
    family = rng.choice(("svix", "webhook"))
    headers = svix_signed(EVENT, at=time.time() + rng.choice((0, 0, 0, -600, 600)), family=family)
    if rng.random() < 0.05:
        return SignedRequest(EVENT, headers)
    return (
        SignedRequest(mutated(EVENT, rng), headers)
        if rng.random() < 0.2
        else SignedRequest(EVENT, spoiled(headers, rng))
    )


def check_wavv(request: SignedRequest) -> None:
    """Raise unless an accepted request has the digest for its time and body."""
    header = next((v for k, v in request.headers.items() if k.lower() == "x-wavv-signature"), None)
    try:
        verify_shared_secret(header, (WAVV_SECRET,))
        raise AssertionError("a signature passed for a secret")
    except UnsignedError:
        pass
    try:
        verify_signature(header, request.raw, (WAVV_SECRET,), time.time(), TOLERANCE)
    except UnsignedError:
        return
    assert header is not None
    stamps = [part.strip()[2:] for part in header.split(",") if part.strip().startswith("t=")]
    sealed = f"{stamps[0]}.".encode() + request.raw
    keys = (WAVV_SECRET.encode(), WAVV_SECRET.removeprefix("whsec_").encode())
    digests = [hmac.digest(key, sealed, hashlib.sha256).hex() for key in keys]
    assert any(digest in header.lower() for digest in digests)


def check_elephant(request: SignedRequest) -> None:
    """Raise unless an accepted request has the signature for its id, time and body."""
    try:
        message_id = verify_webhook(request.raw, request.headers, (SVIX_SECRET,))
    except UnsignedError:
        return
    finally:
        with suppress(EventError):
            parse_webhook(request.raw)
    headers = {name.lower(): value for name, value in request.headers.items()}
    family = "svix" if "svix-id" in headers else "webhook"
    stamp = float(headers[f"{family}-timestamp"])
    right = svix_signed(request.raw, at=stamp, message_id=message_id, family=family)
    digest = right[f"{family}-signature"].removeprefix("v1,")
    assert digest in NOT_BASE64.sub("", headers[f"{family}-signature"])


NOISE = st.builds(
    SignedRequest,
    raw=st.binary(max_size=100),
    headers=st.fixed_dictionaries(
        {},
        optional={
            "X-WAVV-Signature": ANY_TEXT,
            "svix-id": ANY_TEXT,
            "svix-timestamp": ANY_TEXT,
            "svix-signature": ANY_TEXT | st.binary(max_size=60).map(lambda raw: f"v1,{raw!r}"),
            "webhook-id": ANY_TEXT,
        },
    ),
)
WAVV_NEAR = SEEDS.map(lambda seed: wavv_request(Random(seed)))  # noqa: S311 - no secrets
ELEPHANT_NEAR = SEEDS.map(lambda seed: elephant_request(Random(seed)))  # noqa: S311 - no secrets
WAVV = Target(
    "WAVV's signature",
    (WAVV_NEAR, NOISE, WAVV_NEAR),
    check_wavv,
)
ELEPHANT = Target(
    "AskElephant's signature",
    (ELEPHANT_NEAR, NOISE, ELEPHANT_NEAR),
    check_elephant,
)
