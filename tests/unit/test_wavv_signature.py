"""Tests for the checks that a delivery is WAVV's: signature and shared secret."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import UnsignedError
from bridge.wavv.signature import sign, verify_shared_secret, verify_signature
from tests.support.wavv_events import short

SECRET, OTHER = "whsec_c2VjcmV0", "whsec_b3RoZXI="
RAW = b'{"event": "call.started"}'
NOW = 1_778_680_800.0
GOOD = sign(RAW, SECRET, NOW)
DIGEST = GOOD.partition("v1=")[2]
AT = int(NOW)


def reason(header: str | None, raw: bytes = RAW, secrets: tuple[str, ...] = (SECRET,)) -> str:
    """Return the reason with which ``header`` is rejected."""
    with pytest.raises(UnsignedError) as caught:
        verify_signature(header, raw, secrets, NOW, 300)
    assert caught.value.status == 401
    assert len(caught.value.detail) > 40
    assert not any(secret in caught.value.detail for secret in secrets if secret)
    return caught.value.reason


def test_the_signature_is_the_documented_one() -> None:
    """A signature is HMAC-SHA256 over ``{t}.{raw body}``, in hex."""
    digest = hmac.new(SECRET.encode(), b"1778680800." + RAW, hashlib.sha256).hexdigest()
    assert f"t=1778680800,v1={digest}" == GOOD


@pytest.mark.parametrize(
    "header",
    [
        GOOD,
        f"t={AT},v1={DIGEST.upper()}",
        f"v1={DIGEST},t={AT}",
        f" t={AT} , v1={DIGEST} ",
        f"t={AT},v1={'0' * 64},v1={DIGEST}",
        f"t={AT},v1={DIGEST},v1={'0' * 64}",
        f"t={AT},v0=abc,v1=garbled,v2,v1={DIGEST},",
    ],
)
def test_any_good_signature_among_several_passes(header: str) -> None:
    """One valid ``v1`` signature is enough, among others and among other schemes."""
    verify_signature(header, RAW, [SECRET], NOW, 300)


@pytest.mark.parametrize("configured", [SECRET, SECRET.removeprefix("whsec_")])
@pytest.mark.parametrize("key", [SECRET, SECRET.removeprefix("whsec_")])
def test_a_secret_is_valid_with_and_without_its_prefix(configured: str, key: str) -> None:
    """A secret is accepted with and without ``whsec_``, on either side."""
    verify_signature(sign(RAW, key, NOW), RAW, [configured], NOW, 300)


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_several_secrets_are_valid_at_once(secret: str) -> None:
    """Each configured secret is accepted, so that a secret can be rotated."""
    verify_signature(sign(RAW, secret, NOW), RAW, [OTHER, SECRET], NOW, 300)


@pytest.mark.parametrize("header", [None, "", "  "])
def test_an_absent_signature_is_rejected_as_missing(header: str | None) -> None:
    """The error of a missing signature names the expected header."""
    with pytest.raises(UnsignedError, match="X-WAVV-Signature: t=<unix seconds>,v1=<hex>"):
        verify_signature(header, RAW, [SECRET], NOW, 300)
    assert reason(header) == "signature_missing"


@pytest.mark.parametrize(
    "header",
    [
        "garbled",
        ",,,===",
        "t=,v1=",
        f"t={AT}",
        f"v1={DIGEST}",
        f"t=soon,v1={DIGEST}",
        f"t=-1,v1={DIGEST}",
        f"t={AT}.5,v1={DIGEST}",
        f"t={'9' * 5_000},v1={DIGEST}",
        f"t=٣,v1={DIGEST}",
        f"t={AT},t={AT},v1={DIGEST}",
        f"t={AT},v1={DIGEST[:-1]}",
        f"t={AT},v1={DIGEST[:-1]}é",
        f"t={AT},v2={DIGEST}",
        DIGEST,
        "\x00\ud800",
    ],
    ids=short,
)
def test_a_header_of_another_form_is_malformed(header: str) -> None:
    """A header of another form is rejected as malformed."""
    assert reason(header) == "signature_malformed"


@pytest.mark.parametrize(
    ("age", "why"),
    [(301, "signature_expired"), (10**9, "signature_expired"), (-301, "signature_in_future")],
)
def test_a_good_signature_of_another_time_is_refused(age: int, why: str) -> None:
    """A valid signature outside the tolerance is rejected, which prevents replays."""
    assert reason(sign(RAW, SECRET, NOW - age)) == why


@pytest.mark.parametrize("age", [300, 0, -300])
def test_the_tolerance_includes_its_limits(age: int) -> None:
    """A signature exactly 300 seconds old, or as far in the future, is accepted."""
    verify_signature(sign(RAW, SECRET, NOW - age), RAW, [SECRET], NOW, 300)


@pytest.mark.parametrize(
    ("header", "raw", "secrets"),
    [
        (GOOD, RAW + b" ", (SECRET,)),
        (GOOD, b"", (SECRET,)),
        (GOOD, RAW, (OTHER,)),
        (GOOD, RAW, ()),
        (f"t={AT + 1},v1={DIGEST}", RAW, (SECRET,)),
        (sign(RAW, "", NOW), RAW, ("",)),
        (sign(RAW, "whsec_", NOW), RAW, ("", "whsec_")),
    ],
)
def test_a_signature_of_anything_else_is_a_mismatch(
    header: str, raw: bytes, secrets: tuple[str, ...]
) -> None:
    """A signature of another body, secret or time is a mismatch; an empty secret matches none."""
    assert reason(header, raw, secrets) == "signature_mismatch"


@given(
    raw=st.binary(),
    secret=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text != "whsec_"),
    at=st.integers(0, 10**11),
)
def test_what_is_signed_verifies(raw: bytes, secret: str, at: int) -> None:
    """What ``sign`` returns verifies, for any body, secret and time."""
    verify_signature(sign(raw, secret, at), raw, [secret], at, 0)


@given(st.text())
def test_no_header_raises_anything_but_unsigned(header: str) -> None:
    """No header raises another exception than ``UnsignedError``."""
    with pytest.raises(UnsignedError):
        verify_signature(header, RAW, [SECRET], NOW, 300)


@pytest.mark.parametrize("presented", ["first", "sécond"])
def test_any_of_the_shared_secrets_passes(presented: str) -> None:
    """Each configured shared secret is accepted, so that it can be rotated."""
    verify_shared_secret(presented, ["first", "sécond"])


@pytest.mark.parametrize(
    ("presented", "secrets", "why"),
    [
        (None, ("first",), "secret_missing"),
        ("", ("first",), "secret_missing"),
        ("", ("",), "secret_missing"),
        ("firs", ("first",), "secret_mismatch"),
        ("first ", ("first",), "secret_mismatch"),
        ("\ud800", ("first", "?"), "secret_mismatch"),
        ("first", (), "secret_mismatch"),
        ("whsec_", ("",), "secret_mismatch"),
    ],
)
def test_any_other_shared_secret_is_refused(
    presented: str | None, secrets: tuple[str, ...], why: str
) -> None:
    """The error of a wrong shared secret names the header and reveals no secret."""
    with pytest.raises(UnsignedError, match="X-Webhook-Secret") as caught:
        verify_shared_secret(presented, secrets)
    assert caught.value.reason == why
    assert "first" not in caught.value.detail
