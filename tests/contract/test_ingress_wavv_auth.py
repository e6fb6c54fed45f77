"""WAVV's webhook is protected by a signature or by a shared secret."""

import time
from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.support.web_process import (
    ENDED,
    JSON,
    WAVV,
    WAVV_SECRET,
    Web,
    problem_in,
    running_web,
    sent,
    signed,
)

NEW = "whsec_wavv-secret-two"
BARE = "no-prefix-at-all"
SHARED = ("shared-one", "shared-two")


@pytest.fixture(scope="module")
def signing(valkey_url: str) -> Iterator[Web]:
    """Run a web process that requires signatures, with two secrets."""
    with running_web(valkey_url, wavv_secrets=f"{WAVV_SECRET}, {NEW}, {BARE}") as web:
        yield web


@pytest.fixture(scope="module")
def sharing(valkey_url: str) -> Iterator[Web]:
    """Run a web process that requires a shared secret."""
    with running_web(valkey_url, wavv_auth="shared_secret", wavv_secrets=",".join(SHARED)) as web:
        yield web


def deliver(web: Web, headers: Mapping[str, str], query: str = "") -> httpx.Response:
    """Post one event with these headers, into an empty store."""
    web.forget()
    return web.client.post(WAVV + query, content=ENDED, headers=sent(headers))


@pytest.mark.parametrize(
    "key",
    [WAVV_SECRET, WAVV_SECRET.removeprefix("whsec_"), NEW, NEW.removeprefix("whsec_"), BARE,
     f"whsec_{BARE}"],
)  # fmt: skip
def test_every_secret_is_valid_in_both_readings(signing: Web, key: str) -> None:
    """Each secret is valid, with and without ``whsec_`` in the key."""
    assert deliver(signing, signed(ENDED, key)).status_code == 202
    assert signing.stored() == [ENDED]


def test_one_good_signature_among_several_is_enough(signing: Web) -> None:
    """One valid signature of several is enough, as WAVV signs with both during a rotation."""
    stamp, _, good = signed(ENDED)["X-WAVV-Signature"].partition(",")
    both = f"{stamp},v1={'0' * 64},v0=x,{good}"
    assert deliver(signing, {"X-WAVV-Signature": both}).status_code == 202


@pytest.mark.parametrize("off", [-290, 290])
def test_a_clock_may_be_a_little_off(signing: Web, off: int) -> None:
    """A timestamp up to five minutes off is accepted."""
    assert deliver(signing, signed(ENDED, at=time.time() + off)).status_code == 202


GARBLED = "t=1,v1=zz", "t=,v1=", "garbage", "v1=" + "0" * 64, "t=soon,v1=" + "0" * 64, ",,,", "é"


@pytest.mark.parametrize("headers", [{}, {"X-WAVV-Signature": ""}])
def test_a_missing_signature_gets_401(signing: Web, headers: dict[str, str]) -> None:
    """A missing signature gets 401, which names the header and its form."""
    response = deliver(signing, headers)
    assert "X-WAVV-Signature: t=" in problem_in(response, 401, "signature_missing")
    assert response.headers["www-authenticate"] == "Signature"


@pytest.mark.parametrize("header", GARBLED)
def test_a_garbled_signature_gets_401(signing: Web, header: str) -> None:
    """A malformed signature gets 401."""
    response = deliver(signing, {"X-WAVV-Signature": header})
    assert "cannot be read" in problem_in(response, 401, "signature_malformed")


@pytest.mark.parametrize(
    ("off", "reason", "says"),
    [(-310, "signature_expired", "older than 300 s"), (310, "signature_in_future", "clock")],
)
def test_a_time_out_of_tolerance_gets_401(signing: Web, off: int, reason: str, says: str) -> None:
    """A timestamp more than five minutes off gets 401, which names the cause."""
    response = deliver(signing, signed(ENDED, at=time.time() + off))
    assert says in problem_in(response, 401, reason)


@pytest.mark.parametrize(
    ("raw", "key"),
    [(ENDED, "whsec_nobody-knows-it"), (ENDED + b" ", WAVV_SECRET), (ENDED, ""), (ENDED, "whsec_")],
)
def test_a_signature_that_is_not_this_bodys_gets_401(signing: Web, raw: bytes, key: str) -> None:
    """The signature of another body, another secret or an empty key gets 401."""
    problem_in(deliver(signing, signed(raw, key)), 401, "signature_mismatch")
    assert signing.stored() == []


def test_a_shared_secret_does_not_replace_a_signature(signing: Web) -> None:
    """A shared secret is not accepted where signatures are configured."""
    response = deliver(signing, {"X-Webhook-Secret": WAVV_SECRET}, f"?secret={WAVV_SECRET}")
    problem_in(response, 401, "signature_missing")


@pytest.mark.parametrize("secret", SHARED)
@pytest.mark.parametrize("by", ["header", "query"])
def test_a_shared_secret_is_accepted_by_header_and_by_query(
    sharing: Web, secret: str, by: str
) -> None:
    """A shared secret is accepted in the header and in the query; several are valid."""
    headers = {"X-Webhook-Secret": secret} if by == "header" else {}
    response = deliver(sharing, headers, f"?secret={secret}" if by == "query" else "")
    assert (response.status_code, sharing.stored()) == (202, [ENDED])


@pytest.mark.parametrize(
    ("headers", "query", "reason"),
    [
        ({}, "", "secret_missing"),
        ({"X-Webhook-Secret": ""}, "?secret=", "secret_missing"),
        ({"X-Webhook-Secret": "wrong"}, "", "secret_mismatch"),
        ({"X-Webhook-Secret": "wrong"}, "?secret=shared-one", "secret_mismatch"),
        ({}, "?secret=SHARED-ONE", "secret_mismatch"),
        ({}, "?secret=shared-one,shared-two", "secret_mismatch"),
        ({}, "?secret=%ff%00", "secret_mismatch"),
        ({"X-Webhook-Secret": "é"}, "", "secret_mismatch"),
        ({"X-WAVV-Signature": "t=1,v1=00"}, "", "secret_missing"),
    ],
)
def test_a_wrong_shared_secret_gets_401(
    sharing: Web, headers: dict[str, str], query: str, reason: str
) -> None:
    """A wrong shared secret gets 401, which names header and query and repeats nothing."""
    response = deliver(sharing, headers, query)
    assert "X-Webhook-Secret" in problem_in(response, 401, reason)
    assert "shared-one" not in response.text
    assert sharing.stored() == []


@pytest.mark.parametrize(
    "written",
    ["Zm9v+YmFy/cXV4==", "Zm9v%2BYmFy%2FcXV4%3D%3D", "Zm9v%2bYmFy/cXV4==", "Zm9v+YmFy%2FcXV4=%3D"],
)
def test_a_secret_in_the_query_may_hold_a_plus(valkey_url: str, written: str) -> None:
    """A plus in a secret of the query is accepted, encoded or not."""
    with running_web(valkey_url, wavv_auth="shared_secret", wavv_secrets="Zm9v+YmFy/cXV4==") as web:
        response = web.client.post(f"{WAVV}?a=b&secret={written}&c", content=ENDED, headers=JSON)
        assert response.status_code == 202


def test_a_secret_in_the_query_may_hold_a_blank(valkey_url: str) -> None:
    """A blank of a secret may come as ``+`` or ``%20``, and a literal ``%2B`` as it is."""
    with running_web(valkey_url, wavv_auth="shared_secret", wavv_secrets="a b,c%2Bd") as web:
        for written in ("a+b", "a%20b", "c%2Bd", "c%252Bd"):
            response = web.client.post(f"{WAVV}?secret={written}", content=ENDED, headers=JSON)
            assert response.status_code == 202


def test_the_response_to_a_wrong_secret_explains_encoding(valkey_url: str) -> None:
    """If a wrong secret has special characters, the response explains URL encoding."""
    with running_web(valkey_url, wavv_auth="shared_secret", wavv_secrets="a&b") as web:
        response = web.client.post(f"{WAVV}?secret=a&b", content=ENDED, headers=JSON)
        assert "percent-encoded" in problem_in(response, 401, "secret_mismatch")


@pytest.mark.parametrize("auth", ["signature", "shared_secret"])
def test_without_a_secret_every_event_gets_503(valkey_url: str, auth: str) -> None:
    """Without a configured secret the status is 503, so that WAVV's event can come again."""
    with running_web(valkey_url, wavv_auth=auth, wavv_secrets="") as web:
        response = deliver(web, signed(ENDED, "") | {"X-Webhook-Secret": ""})
        assert "BRIDGE_WAVV_SECRETS" in problem_in(response, 503, "not_configured")
        assert int(response.headers["retry-after"]) > 0
        assert web.stored() == []
