"""Both signature checks: nothing but ``UnsignedError`` is raised, and only a signature passes."""

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
"""The library skips it, wherever it stands: the digest is the same."""

ANY_TEXT = st.text(max_size=80)


@dataclass(frozen=True)
class SignedRequest:
    """A body, and the headers that are to prove where it is from."""

    raw: bytes
    headers: dict[str, str]


def spoiled(headers: dict[str, str], rng: Random) -> dict[str, str]:
    """Return the headers with something wrong: a value, a name, one left out, one twice."""
    told = dict(headers)
    name = rng.choice(sorted(told))
    match rng.randrange(5):
        case 0 | 1:
            told[name] = mutated_text(told[name], rng)
        case 2:
            del told[name]
        case 3:
            told[name.upper()] = mutated_text(told[name], rng)
        case _:
            told[name] = ",".join([mutated_text(told[name], rng), told[name]] * rng.randint(1, 3))
    return told


def wavv_request(rng: Random) -> SignedRequest:
    """Return a request of WAVV's; one in twenty is as it should be."""
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
    """Return a request of AskElephant's."""
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
    """Raise unless what passes bears the digest of its own time and body."""
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
    """Raise unless what passes bears the signature of its own id, time and body."""
    try:
        message_id = verify_webhook(request.raw, request.headers, (SVIX_SECRET,))
    except UnsignedError:
        return
    finally:
        _read(request.raw)
    said = {name.lower(): value for name, value in request.headers.items()}
    family = "svix" if "svix-id" in said else "webhook"
    stamp = float(said[f"{family}-timestamp"])
    right = svix_signed(request.raw, at=stamp, message_id=message_id, family=family)
    digest = right[f"{family}-signature"].removeprefix("v1,")
    assert digest in NOT_BASE64.sub("", said[f"{family}-signature"])


def _read(raw: bytes) -> None:
    with suppress(EventError):
        parse_webhook(raw)


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
