"""Tests for AskElephant's webhook: only a delivery that Svix has just signed is accepted."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from svix.webhooks import Webhook

from bridge.askelephant.webhook import (
    TRANSCRIPT_READY,
    check_secret,
    parse_webhook,
    verify_webhook,
)
from bridge.errors import EventError, MalformedBodyError, UnsignedError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of ours, long enough").decode()
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'


def signature(secret: str = SECRET, body: bytes = BODY, at: datetime | None = None) -> str:
    """Return the signature that Svix's library makes."""
    return Webhook(secret).sign(ID, at or datetime.now(UTC), body.decode())


def headers(signed: str, at: datetime | None = None, family: str = "svix") -> dict[str, str]:
    """Return the headers that Svix sends."""
    seconds = str(int((at or datetime.now(UTC)).timestamp()))
    values = {"id": ID, "timestamp": seconds, "signature": signed}
    return {f"{family}-{part}": value for part, value in values.items()}


def refusal(raw: bytes, given_headers: Mapping[str, str], *secrets: str) -> UnsignedError:
    """Return the error with which a delivery is rejected."""
    with pytest.raises(UnsignedError) as caught:
        verify_webhook(raw, given_headers, secrets or (SECRET,))
    assert caught.value.status == 401
    return caught.value


def test_the_library_signs_svixs_documented_example() -> None:
    """The library gives the signature of the example in Svix's documentation."""
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signature(at=at) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("family", ["svix", "webhook", "Svix", "WEBHOOK"])
def test_a_signed_delivery_passes_and_names_its_message(family: str) -> None:
    """Both families of header names are accepted in any case, and the message id is returned."""
    assert verify_webhook(BODY, headers(signature(), family=family), (SECRET,)) == ID


def test_any_secret_of_several_may_have_signed() -> None:
    """Each configured secret is accepted, so that a secret can be rotated."""
    assert verify_webhook(BODY, headers(signature(OTHER)), (SECRET, OTHER)) == ID


@pytest.mark.parametrize(
    "first",
    ["v1,bm90IGl0", "v1a,bm90IG91cnM=", signature(OTHER)],
    ids=["nothing", "v1a", "another"],
)
def test_any_signature_of_several_may_match(first: str) -> None:
    """One matching signature among several is enough: Svix sends several during a rotation."""
    assert verify_webhook(BODY, headers(f"{first} {signature()}"), (SECRET,)) == ID


def test_a_malformed_secret_does_not_affect_a_valid_one() -> None:
    """A malformed secret in the list raises nothing, and the valid one is used."""
    assert verify_webhook(BODY, headers(signature()), ("whsec_é", "", SECRET)) == ID


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!!!", ""])
def test_an_empty_or_malformed_secret_verifies_nothing(secret: str) -> None:
    """An empty or malformed secret verifies no signature, since anyone could sign with it."""
    good = {"svix-id": ID, "svix-timestamp": headers("")["svix-timestamp"]}
    forged = Webhook(b"short").sign(ID, datetime.now(UTC), BODY.decode())
    assert refusal(BODY, {**good, "svix-signature": forged}, secret).reason == "bad_signature"


def test_without_secrets_nothing_passes() -> None:
    """Without secrets every delivery is rejected."""
    with pytest.raises(UnsignedError):
        verify_webhook(BODY, headers(signature()), ())


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused(minutes: int) -> None:
    """A signature that is off by more than five minutes is rejected, which prevents replays."""
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert refusal(BODY, headers(signature(at=at), at)).reason == "bad_signature"


@pytest.mark.parametrize("raw", [BODY + b" ", b"", b"{}", b"\xff", b"\x00"])
def test_an_altered_body_is_refused(raw: bytes) -> None:
    """Any changed byte of the body is rejected, also in a body that is not UTF-8."""
    assert refusal(raw, headers(signature())).reason == "bad_signature"


@pytest.mark.parametrize(
    "signed",
    ["", " ", "v1", "v1,", "v1,!", "v1,a", "v1,a,b", "v2,YQ==", "é", "v1,é", ",,,", "v1,YQ== "],
)
def test_a_malformed_signature_is_refused(signed: str) -> None:
    """Every error that Svix's library raises for a malformed signature becomes 401."""
    refusal(BODY, headers(signed))


@pytest.mark.parametrize(
    "stamp", ["", "later", "nan", "inf", "-1", "1e300", "9" * 400, "1614265330"]
)
def test_a_malformed_timestamp_is_refused(stamp: str) -> None:
    """A malformed timestamp becomes 401."""
    refusal(BODY, {**headers(signature()), "svix-timestamp": stamp})


@pytest.mark.parametrize("part", ["id", "timestamp", "signature"])
def test_a_missing_header_is_refused(part: str) -> None:
    """Id, timestamp and signature are all required."""
    incomplete = headers(signature())
    del incomplete[f"svix-{part}"]
    refusal(BODY, incomplete)


@pytest.mark.parametrize("message_id", ["", " ", "a b", "a\n", "é", "m" * 201])
def test_an_id_that_cannot_be_a_key_is_refused(message_id: str) -> None:
    """A long or unprintable message id is rejected, since it becomes a deduplication key."""
    at = datetime.now(UTC)
    signed = Webhook(SECRET).sign(message_id, at, BODY.decode())
    error = refusal(BODY, {**headers(signed, at), "svix-id": message_id})
    assert error.reason == "bad_message_id"


def test_a_header_given_twice_is_refused() -> None:
    """A repeated header is rejected: only one of its values was signed."""
    once = Headers(headers(signature()))
    twice = Headers(raw=[*once.raw, (b"svix-id", b"msg_another")])
    assert verify_webhook(BODY, once, (SECRET,)) == ID
    assert refusal(BODY, twice).reason == "duplicate_header"


def test_the_id_returned_is_the_id_signed() -> None:
    """The returned id is the signed one, although a second header family names another."""
    both = {**headers(signature()), "webhook-id": "msg_another"}
    assert verify_webhook(BODY, both, (SECRET,)) == ID


@given(st.binary(), st.text(), st.text(), st.text(), st.text())
def test_no_delivery_raises_anything_else(
    raw: bytes, message_id: str, stamp: str, signed: str, secret: str
) -> None:
    """Any delivery that fails raises ``EventError``."""
    sent = {"svix-id": message_id, "svix-timestamp": stamp, "svix-signature": signed}
    with pytest.raises(EventError):
        verify_webhook(raw, sent, (secret, SECRET))


@pytest.mark.parametrize("secret", [SECRET, OTHER, SECRET.removeprefix("whsec_")])
def test_a_valid_secret_is_accepted(secret: str) -> None:
    """A secret is accepted with and without the prefix ``whsec_``."""
    assert check_secret(secret) == secret


@pytest.mark.parametrize(
    ("secret", "lack"),
    [
        ("", "not empty"),
        ("whsec_", "not empty"),
        ("sk-apik_1.0123456789abcdef0123456789abcdef", "followed by base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL SwMfKQ", "followed by base64"),
        ("whsec_" + "é" * 40, "followed by base64"),
        ("whsec_" + "A" * 41, "followed by base64"),
    ],
)
def test_a_malformed_secret_is_rejected_without_being_shown(secret: str, lack: str) -> None:
    """The error names the defect of the secret and does not contain it."""
    with pytest.raises(ValueError, match=lack) as caught:
        check_secret(secret)
    assert secret[6:] not in str(caught.value) or len(secret) <= 6
    assert caught.value.__cause__ is None


def test_the_transcript_event_is_parsed() -> None:
    """The transcript event is parsed with its engagement."""
    event = parse_webhook(
        b'{"type": "v1.engagement.transcript_timeline.completed", "data": '
        b'{"object": {"id": "ngmt_1", "external_url": "wavv://call/1"}}}'
    )
    assert event.type == TRANSCRIPT_READY
    assert event.engagement is not None
    assert (event.engagement.id, event.engagement.external_url) == ("ngmt_1", "wavv://call/1")


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_object_is_malformed(raw: bytes) -> None:
    """A signed body that is no JSON object raises ``MalformedBodyError``."""
    with pytest.raises(MalformedBodyError):
        parse_webhook(raw)
